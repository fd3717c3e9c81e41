import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { loadEnvironment, readSettings, SettingsError } from '../../settings.ts';
import { OLD_NAMES } from '../../settings/old-names.ts';
import type { Environment } from '../../settings.ts';

function problemsOf(env: Environment): readonly string[] {
  try {
    readSettings(env);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

describe('settings', () => {
  it('an empty environment gives the defaults', () => {
    const settings = readSettings({});
    assert.equal(settings.databaseUrl, null);
    assert.deepEqual(settings.api, { host: '127.0.0.1', port: 8000 });
    assert.equal(settings.temporal.address, '127.0.0.1:7233');
    assert.equal(settings.dataDir, '.warden/data');
    assert.deepEqual([settings.stdioAllow, settings.mcpAllowPrivate], [[], false]);
    assert.equal(settings.llmRetry.maxDelayMs, 60_000);
    assert.equal(settings.crashPoint, null);
    assert.deepEqual(settings.llm, {
      localBaseUrl: 'http://localhost:11434/v1',
      localApiKey: null,
      openaiApiKey: null,
      openaiBaseUrl: null,
      anthropicApiKey: null,
      anthropicBaseUrl: null,
    });
    assert.deepEqual([settings.maxStepTokens, settings.reactToolMessageLimit], [null, 8_000]);
  });

  it('model providers are reached with the names that their own tools use', () => {
    const { llm, maxStepTokens, reactToolMessageLimit } = readSettings({
      OPENAI_API_KEY: 'sk-1',
      OPENAI_BASE_URL: 'https://gateway.example/v1',
      ANTHROPIC_API_KEY: 'sk-2',
      WARDEN_LOCAL_LLM_BASE_URL: 'http://127.0.0.1:1234/v1',
      WARDEN_MAX_STEP_TOKENS: '5000',
      WARDEN_REACT_TOOL_MESSAGE_LIMIT: '0',
    });
    assert.deepEqual(
      [llm.openaiApiKey, llm.openaiBaseUrl, llm.anthropicApiKey, llm.anthropicBaseUrl, llm.localBaseUrl],
      ['sk-1', 'https://gateway.example/v1', 'sk-2', null, 'http://127.0.0.1:1234/v1'],
    );
    assert.deepEqual([maxStepTokens, reactToolMessageLimit], [5_000, 0]);
    const problems = problemsOf({ WARDEN_MAX_STEP_TOKENS: '0', WARDEN_LOCAL_LLM_BASE_URL: 'localhost:1' });
    assert.match(problems.join('\n'), /WARDEN_LOCAL_LLM_BASE_URL: expected an address .*http:\/\//);
    assert.match(problems.join('\n'), /WARDEN_MAX_STEP_TOKENS: expected a whole number from 1 /);
  });

  it('an empty value counts as not set', () => {
    assert.deepEqual(readSettings({ DATABASE_URL: '', WARDEN_API_PORT: ' ' }), readSettings({}));
  });

  it('names of older deployments are read as aliases, and the name of today wins', () => {
    const old = { DB_URL: 'postgres://u@h/d', ENGINE_API_PORT: '8100', LOGGING_LEVEL: 'WARNING' };
    const settings = readSettings({ ...old, WORKER_MAX_IN_FLIGHT: '7' });
    assert.equal(settings.databaseUrl, 'postgres://u@h/d');
    assert.equal(settings.api.port, 8100);
    assert.equal(settings.logLevel, 'warn');
    assert.equal(settings.worker.maxInFlight, 7);
    assert.equal(readSettings({ ...old, WARDEN_API_PORT: '8200' }).api.port, 8200);
  });

  it('all problems are reported at once, each with its name and what was expected', () => {
    const problems = problemsOf({
      WARDEN_API_PORT: '80a',
      WARDEN_AUTH: 'oidc',
      WARDEN_CRASH_POINT: 'somewhere',
      WARDEN_UNDO_RETRY_BASE_DELAY_S: '-1',
    });
    assert.equal(problems.length, 4);
    assert.match(problems[0] ?? '', /^WARDEN_API_PORT: expected a whole number .*, found "80a"$/);
    assert.match(problems.join('\n'), /WARDEN_AUTH: .*not supported yet/);
    assert.match(problems.join('\n'), /WARDEN_CRASH_POINT: expected one of decided-not-sent, /);
  });

  it('an unknown WARDEN_ name is refused with the nearest known one', () => {
    assert.deepEqual(problemsOf({ WARDEN_API_PROT: '1' }), [
      'WARDEN_API_PROT is not a setting; did you mean WARDEN_API_PORT? Correct or remove it',
    ]);
    assert.deepEqual(problemsOf({ SOMETHING_ELSE: '1' }), []);
  });

  it('an address that is not loopback is refused, because it needs authentication', () => {
    assert.match(problemsOf({ WARDEN_API_HOST: '0.0.0.0' })[0] ?? '', /needs authentication/);
    assert.equal(readSettings({ WARDEN_API_HOST: 'localhost' }).api.host, 'localhost');
  });

  it('a database address that is refused is not repeated, because it may hold a password', () => {
    const problems = problemsOf({ DATABASE_URL: 'mysql://u:hush@h/d' });
    assert.equal(problems.length, 1);
    assert.doesNotMatch(problems[0] ?? '', /hush/);
  });

  it('a tool call may have a limit of its own, which is never nothing', () => {
    assert.equal(readSettings({}).mcpCallTimeoutMs, null);
    assert.equal(readSettings({ WARDEN_MCP_CALL_TIMEOUT_S: '2.5' }).mcpCallTimeoutMs, 2_500);
    for (const wrong of ['0', '0.0001', '-1', 'none', '90000', '1e3']) {
      assert.match(
        problemsOf({ WARDEN_MCP_CALL_TIMEOUT_S: wrong })[0] ?? '',
        /^WARDEN_MCP_CALL_TIMEOUT_S: expected a number of seconds above 0, up to 86400/,
      );
    }
  });

  it('an endpoint for traces is checked, also under its old name, and said to have no effect yet', () => {
    const { otlpEndpoint, warnings } = readSettings({ OTLP_ENDPOINT: 'http://collector:4317' });
    assert.equal(otlpEndpoint, 'http://collector:4317');
    assert.deepEqual(warnings, [
      'WARDEN_OTLP_ENDPOINT is set, but traces are not exported yet: it has no effect',
    ]);
    assert.match(
      problemsOf({ OTLP_ENDPOINT: 'collector:4317' })[0] ?? '',
      /^WARDEN_OTLP_ENDPOINT \(set as OTLP_ENDPOINT\): expected an address that begins with http:\/\//,
    );
  });

  it('other names of older deployments are not read, and each has one warning that names the one of today', () => {
    assert.deepEqual(readSettings({}).warnings, []);
    const old = {
      TEMPORAL_HOST: 'old:7233',
      LLM_API_KEY: 'sk-hush',
      ENGINE_PORT: '',
      POSTGRES_PASSWORD: 'hush',
    };
    const { warnings, ...settings } = readSettings(old);
    const { warnings: _none, ...defaults } = readSettings({});
    assert.deepEqual(settings, defaults);
    const told = (name: string, today: string) =>
      `${name} is a name of older deployments and is not read: set ${today} instead`;
    assert.deepEqual(warnings, [
      told('TEMPORAL_HOST', 'TEMPORAL_ADDRESS'),
      told('LLM_API_KEY', 'OPENAI_API_KEY, ANTHROPIC_API_KEY or WARDEN_LOCAL_LLM_API_KEY'),
      told('POSTGRES_PASSWORD', 'DATABASE_URL'),
    ]);
    // Beside the whole address, its parts are those of a database server.
    const beside = { DATABASE_URL: 'postgres://u@h/d', POSTGRES_PASSWORD: 'hush', POSTGRES_URL: 'x' };
    assert.deepEqual(readSettings(beside).warnings, [told('POSTGRES_URL', 'DATABASE_URL')]);
  });

  it('no old name is read, and each leads to one that is', () => {
    const read = new Set<string>();
    readSettings(new Proxy({}, { get: (_, name) => void read.add(String(name)), ownKeys: () => [] }));
    const { warnings: _none, ...defaults } = readSettings({});
    for (const [old, today] of Object.entries(OLD_NAMES)) {
      for (const name of today.split(/, | or /)) assert.ok(read.has(name), `${old} leads to ${name}`);
      const { warnings, ...settings } = readSettings({ [old]: 'anything' });
      assert.deepEqual(settings, defaults, old);
      assert.equal(warnings.length, 1, old);
    }
  });

  it('settings are frozen to the bottom', () => {
    const settings = readSettings({});
    assert.throws(() => Object.assign(settings.api, { port: 1 }), TypeError);
  });

  it('.env is read, and the environment of the process wins over it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'warden-settings-'));
    await writeFile(join(folder, '.env'), 'PATH=nowhere\nWARDEN_TASK_QUEUE="queue of .env" # why\n');
    const env = loadEnvironment(folder);
    await rm(folder, { recursive: true });
    assert.equal(env['WARDEN_TASK_QUEUE'], 'queue of .env');
    assert.notEqual(env['PATH'], 'nowhere');
  });

  /** What is wrong with a `.env` of this text; null: a folder. */
  async function problemsOfFile(text: string | null): Promise<readonly string[]> {
    const folder = await mkdtemp(join(tmpdir(), 'warden-settings-'));
    await (text === null ? mkdir(join(folder, '.env')) : writeFile(join(folder, '.env'), text));
    try {
      loadEnvironment(folder);
      return [];
    } catch (error) {
      if (error instanceof SettingsError) return error.problems;
      throw error;
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  it('a line of .env that is no setting is named, and is not repeated', async () => {
    const [problem = '', ...others] = await problemsOfFile('# a\n\nA=1\nhunter2\nWARDEN_API_PORT=9000\n');
    assert.deepEqual(others, []);
    assert.match(problem, /\.env, line 4: expected NAME=value, .*; found a line without =$/);
    assert.match((await problemsOfFile('A=1\r\n=2\r\n'))[0] ?? '', /line 2: .*found no name before its =$/);
  });

  it('a value of .env may be of several lines in quotes, and a name may be exported', async () => {
    const text = '\uFEFFexport A=1\nKEY="-----BEGIN\nMII\n-----END"\n B = 2 # why\nC=\'it is\nD="open\nE=\n';
    assert.deepEqual(await problemsOfFile(text), []);
  });

  it('a folder in place of .env is said to be one', async () => {
    assert.match((await problemsOfFile(null))[0] ?? '', /\.env: expected a file of settings, found a folder/);
  });
});
