import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { StdioSource } from '../../domain/definition.ts';
import type { SourceRules } from '../../mcp/source.ts';
import { launchOf, sourceKey } from '../../mcp/source.ts';
import { SourceRefused } from '../../mcp/variables.ts';
import { loadEnvironment } from '../../settings.ts';
import { createFixture, patient } from './fixtures/fixture.ts';

const SECRET = 'correct horse battery staple';
const env = {
  TOKEN: SECRET,
  EMPTY: '',
  DATABASE_URL: 'postgres://warden:hunter2@db/warden',
  DB_URL: 'postgres://warden:hunter2@db/warden',
  WARDEN_LOG_LEVEL: 'info',
  WARDEN_NOTES_FOLDER: '/notes',
  LD_PRELOAD: '/operator/choice.so',
};
const rules: SourceRules = {
  stdioAllow: ['uvx', 'notes'],
  bundled: {
    notes: { command: '/bin/node', args: ['notes.js'] },
    hidden: { command: '/bin/node', args: [] },
  },
  env,
};

function source(over: Partial<StdioSource> = {}): StdioSource {
  const plain = { name: 's', transport: 'stdio' as const, command: 'uvx', args: [], cwd: null };
  return { ...plain, env: {}, env_inherit: [], ...over };
}

const refused = (over: Partial<StdioSource>, message: RegExp) =>
  assert.throws(
    () => launchOf(source(over), rules),
    (error) => {
      assert.ok(error instanceof SourceRefused);
      assert.match(error.message, message);
      assert.ok(!error.message.includes(SECRET) && !error.message.includes('hunter2'), 'no value is told');
      return true;
    },
  );

describe('a stdio tool source', () => {
  it('is started only when its command is allowed, exactly as written', () => {
    assert.equal(launchOf(source(), rules).command, 'uvx');
    for (const command of ['uvx ', ' uvx', 'UVX', '/usr/bin/uvx', './uvx', 'uv', 'uvx; rm -rf /', '']) {
      refused({ command }, /not allowed to be started.*WARDEN_STDIO_ALLOW/);
    }
    refused({ command: 'hidden' }, /not allowed/);
    refused({ command: 'toString' }, /not allowed/);
  });

  it('that is bundled runs our program, with its arguments after ours', () => {
    const { command, args } = launchOf(source({ command: 'notes', args: ['--x'] }), rules);
    assert.deepEqual([command, args], ['/bin/node', ['notes.js', '--x']]);
  });

  it('gets env with ${NAME} and ${ENV:NAME} resolved, and env_inherit', () => {
    const { env: given } = launchOf(
      source({ env: { A: 'x-${TOKEN}-${ENV:TOKEN}', B: '$TOKEN ${not a name}' }, env_inherit: ['TOKEN'] }),
      rules,
    );
    assert.deepEqual(given, { A: `x-${SECRET}-${SECRET}`, B: '$TOKEN ${not a name}', TOKEN: SECRET });
  });

  it('whose variable is unset or empty is refused, and the variable is named', () => {
    refused({ env: { A: '${MISSING} ${TOKEN}' } }, /MISSING is not set/);
    refused({ env: { A: '${TOKEN} ${EMPTY}' } }, /EMPTY is empty/);
    refused({ env_inherit: ['MISSING'] }, /MISSING is not set/);
    refused({ env_inherit: ['toString'] }, /toString is not set/);
  });

  it('is never handed the settings of Warden itself, but where the notes are', () => {
    for (const name of ['DATABASE_URL', 'DB_URL', 'WARDEN_LOG_LEVEL', 'TEST_DATABASE_URL']) {
      refused({ env_inherit: [name] }, /a setting of Warden itself/);
      refused({ env: { A: `\${${name}}` } }, /a setting of Warden itself/);
    }
    assert.deepEqual(launchOf(source({ env: { F: '${WARDEN_NOTES_FOLDER}' } }), rules).env, { F: '/notes' });
  });

  it('may not choose the code that an allowed command runs', () => {
    for (const name of [
      'PATH',
      'NODE_OPTIONS',
      'LD_PRELOAD',
      'DYLD_INSERT_LIBRARIES',
      'npm_config_registry',
    ]) {
      refused({ env: { [name]: 'x' } }, /decides which code runs/);
    }
    refused({ env: { 'PATH=/elsewhere:': 'x' } }, /expected the name of an environment variable/);
    assert.deepEqual(launchOf(source({ env_inherit: ['LD_PRELOAD'] }), rules).env, {
      LD_PRELOAD: '/operator/choice.so',
    });
  });

  it('with a NUL in a value is refused without telling the value', () => {
    refused({ env: { A: '${TOKEN}\0' } }, /holds a NUL character/);
  });

  it('shares a connection only with sources that are the same in everything', () => {
    const one = source({ env: { A: '1', B: '2' }, env_inherit: ['X', 'Y'] });
    assert.equal(sourceKey(one), sourceKey({ ...one, env: { B: '2', A: '1' }, env_inherit: ['Y', 'X'] }));
    const others = [
      { args: ['x'] },
      { cwd: '/' },
      { env: { A: '1' } },
      { env_inherit: [] },
      { command: 'notes' },
    ];
    for (const over of others) assert.notEqual(sourceKey(one), sourceKey({ ...one, ...over }));
  });

  it('sees a minimal environment, env and env_inherit, and nothing else of ours', async () => {
    const fixture = await createFixture({ env: { ...loadEnvironment(), ...env } });
    try {
      const tools = await fixture.open(fixture.source({ env: { GIVEN: 'yes' }, env_inherit: ['TOKEN'] }));
      const { data } = await tools.call('environment', {}, patient());
      const minimal = ['HOME', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'USER'];
      const unexpected = Object.keys(data).filter((name) => !minimal.includes(name));
      assert.deepEqual(unexpected.sort(), ['GIVEN', 'TOKEN']);
    } finally {
      await fixture.close();
    }
  });

  it('that tells its secrets tells them neither to the log nor in an error', async () => {
    const fixture = await createFixture({ env });
    try {
      const tools = await fixture.open(fixture.source({ env: { TOKEN: '${TOKEN}' } }));
      await assert.rejects(tools.call('tell_secret', {}, patient()), /401 for \[secret\]/);
      await fixture.servers.close();
      const log = JSON.stringify(fixture.logged);
      assert.match(log, /token is \[secret\]/);
      assert.ok(!log.includes(SECRET));
    } finally {
      await fixture.close();
    }
  });
});
