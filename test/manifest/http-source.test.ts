import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { ToolSource } from '../../domain/definition.ts';
import { copyExample, said, workerOf } from './example.ts';
import type { Example } from './example.ts';

const URL_LINE = { url: 'https://tools.example.com/mcp' };

/** A worker with one source of these lines and a name; nothing of the stdio source that others start from. */
function workerAt(lines: Record<string, string>): string {
  const fields = Object.entries({ name: 'remote', ...lines });
  const source = fields.map(([key, value], index) => `${index === 0 ? '  - ' : '    '}${key}: ${value}`);
  return [workerOf({}), 'tool_sources:', ...source, ''].join('\n');
}

describe('a tool source over HTTP', () => {
  let example: Example;
  before(() => {
    example = copyExample();
  });
  after(() => example.remove());

  const read = (lines: Record<string, string>): ToolSource | undefined => {
    const reading = example.read(workerAt(lines));
    assert.deepEqual(reading.kind === 'problems' ? said(reading.problems) : [], []);
    assert.ok(reading.kind === 'definition' && reading.definition.kind === 'worker');
    return reading.definition.tool_sources[0];
  };
  const all = (lines: Record<string, string>): string[] => said(example.problems(workerAt(lines)));
  const only = (lines: Record<string, string>): string => {
    const problems = all(lines);
    assert.equal(problems.length, 1, problems.join('\n'));
    return problems[0] ?? '';
  };

  it('is of transport sse when it names none, and takes the transport in any case', () => {
    const headers = { headers: '{ Authorization: "Bearer ${ENV:TOKEN}", X-Team: "${TEAM}", X-Empty: "" }' };
    assert.deepEqual(read({ ...URL_LINE, ...headers }), {
      ...{ name: 'remote', transport: 'sse', url: 'https://tools.example.com/mcp' },
      headers: { Authorization: 'Bearer ${ENV:TOKEN}', 'X-Team': '${TEAM}', 'X-Empty': '' },
    });
    assert.equal(read({ ...URL_LINE, transport: '~' })?.transport, 'sse');
    assert.equal(read({ ...URL_LINE, transport: 'SSE' })?.transport, 'sse');
    assert.deepEqual(read({ url: 'http://127.0.0.1:8080/mcp?a=b', transport: 'Http', headers: '~' }), {
      ...{ name: 'remote', transport: 'http', url: 'http://127.0.0.1:8080/mcp?a=b', headers: {} },
    });
    assert.match(
      only({ ...URL_LINE, transport: 'websocket' }),
      /^tool_sources\[0\]\.transport: expected sse or http or stdio, found the text "websocket"/,
    );
    assert.match(
      only({ ...URL_LINE, transport: '1' }),
      /transport: expected sse or http or stdio, found the num/,
    );
  });

  it('takes no fields of the other transports', () => {
    assert.deepEqual(all({ command: 'warden-notes' }), [
      'tool_sources[0].url: "url" is required: expected a URL that begins with http:// or https://, found nothing',
      'tool_sources[0].command: "command" belongs to the transport stdio; this is sse, because "transport" is missing',
    ]);
    assert.match(only({ ...URL_LINE, transport: 'http', args: '[]' }), /"args" belongs to .* this is http$/);
    assert.match(
      only({ transport: 'stdio', command: 'warden-notes', ...URL_LINE }),
      /url: "url" belongs to the transports sse and http; this is stdio$/,
    );
    assert.match(only({ ...URL_LINE, header: '{}' }), /unknown key "header": did you mean "headers"/);
  });

  it('has a URL of http or https that can be read', () => {
    const url = (text: string): string => only({ url: JSON.stringify(text) });
    const place = /^tool_sources\[0\]\.url: expected a URL that begins with http:\/\/ or https:\/\//;
    for (const text of [
      'tools.example.com',
      'ftp://x',
      'file:///etc/passwd',
      'javascript:alert(1)',
      '//x',
      '',
    ]) {
      assert.match(url(text), place, text);
    }
    for (const text of ['http://', 'https://a:99999/', 'http://[::1', 'http://%zz/']) {
      assert.match(url(text), /its host or port cannot be read/, text);
    }
    assert.match(url('http://a/b c'), /white space or control characters/);
    assert.match(url('ht\ttp://a'), /white space or control characters/);
    assert.match(url(`http://${'x'.repeat(2050)}`), /of at most 2048 characters/);
    assert.match(only({ url: '8080' }), /found the number 8080: put it in quotes/);
    for (const text of ['https://${ENV:HOST}/mcp', 'https://a/${ENV:KEY}?b=c']) {
      assert.match(
        url(text),
        /a "\$\{" in it: variables are resolved in "headers" and after the "\?" of "url" only/,
      );
    }
    assert.match(url('https://a/mcp?key=${A-B}'), /found a "\$\{" of another form/);
    const secret = 'https://a/mcp?key=${ENV:KEY}';
    assert.deepEqual(read({ url: JSON.stringify(secret) }), {
      ...{ name: 'remote', transport: 'sse', url: secret, headers: {} },
    });
  });

  it('has no credentials in its URL, and a refused URL with some is not repeated', () => {
    for (const url of [
      'https://joe:hunter2@x/mcp',
      'https://joe@x',
      'https://:hunter2@x',
      'htps://joe:hunter2@x',
    ]) {
      const problem = only({ url });
      assert.doesNotMatch(problem, /hunter2|joe/);
    }
    assert.match(
      only({ url: 'https://joe:hunter2@x/mcp' }),
      /found a user name or password in it: put credentials into "headers", as \$\{ENV:NAME\}/,
    );
  });

  it('has headers that can be sent', () => {
    const headers = (text: string): string => only({ ...URL_LINE, headers: text });
    assert.match(headers('[]'), /headers: expected a map of headers to texts, found a list/);
    assert.match(headers('{ "A B": x }'), /headers\["A B"\]: expected the name of a header, found "A B"/);
    assert.match(headers('{ X-A: 1 }'), /headers\.X-A: .*found the number 1: put it in quotes: "1"/);
    assert.match(headers('{ X-A: "a\\r\\nX-B: b" }'), /headers\.X-A: expected a text of one line/);
    assert.match(headers('{ X-A: "\u2026" }'), /expected a text of one line of Latin characters/);
    assert.match(
      headers('{ X-A: a, x-a: b }'),
      /headers\.x-a: expected each header once, found "x-a" a second/,
    );
    assert.match(
      headers('{ Content-Length: "3" }'),
      /not about the connection or the body, found "Content-Len/,
    );
    for (const text of ['${ENV:}', '${A-B}', 'Bearer ${TOKEN', '${env:A}', '${ENV:A B}']) {
      assert.match(
        headers(JSON.stringify({ 'X-A': text })),
        /expected references as \$\{ENV:NAME\} or \$\{NAME\}, found a "\$\{" of another form/,
        text,
      );
    }
  });
});
