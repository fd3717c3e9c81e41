/** Good manifests that use every field, and the files that they name: what bad ones are made of. */
import type { JsonObject } from '../../domain/json.ts';
import type { Example } from './example.ts';

export const WORKER: JsonObject = {
  ...{ kind: 'worker', namespace: 'team-a', name: 'w', version: '1', description: 'Works.' },
  ...{ provider: 'mock', model_name: 'whole-mock.yaml', temperature: 0.5, adapter: 'langchain' },
  system_prompt: 'You work.',
  compensation_prompt: 'You undo.',
  tool_sources: [
    {
      ...{ name: 'notes', transport: 'stdio', command: 'warden-notes', args: ['-e', 'TOKEN'], cwd: '/tmp' },
      env: { FOLDER: '${ENV:FOLDER}' },
      env_inherit: ['HOME'],
    },
    { name: 'remote', transport: 'http', url: 'https://x/mcp', headers: { Authorization: 'Bearer ${T}' } },
    { name: 'older', url: 'http://localhost:3000/sse' },
  ],
};

const REASON: JsonObject = {
  ...{ id: 'think', name: 'Think', kind: 'reason', worker: 'w', worker_version: '1' },
  when: { cel: 'input.level > 2' },
  prompt: 'whole.md',
  with: { issue: { from: '$.input.issue' }, repo: { value: 'a/b' } },
  policy: 'whole.yaml',
  ...{ hitl: true, hitl_max_retries: 2, hitl_retry_guidance: 'Be brief.', review: { expires: '2d' } },
  output_schema: 'whole.json',
  ...{ timeout_seconds: 60, max_turns: 5, max_step_tokens: 9000 },
  ...{ 'agent-adapter': 'react', on_tool_error: 'fail' },
  tools: {
    allow: [
      {
        name: 'get',
        description: 'Gets.',
        strict_schema: true,
        output_schema: 'tool.json',
        idempotent: true,
      },
      { name: 'list' },
    ],
  },
  resources: { allow: [{ uri: 'repo://{repo}/files', description: 'Files.' }, { uri: 'docs://all' }] },
  facts: [
    { tool: 'get', into: 'issue', fields: { number: '$.number', labels: '$.labels[*]' } },
    { tool: 'list', into: 'issues', fields: { first: '$.items[0]' } },
  ],
};

const COMMIT: JsonObject = {
  ...{ id: 'act', kind: 'commit', worker: 'w', worker_version: '1' },
  with: { body: { from: '$.steps.think.output.data.body' } },
  tools: { allow: [{ name: 'post' }] },
  compensation: 'whole.yaml',
};

const SIMPLE: JsonObject = {
  ...{ id: 'sum-up', kind: 'reason', worker: 'w', worker_version: '1', prompt: 'plain.md' },
  'agent-adapter': 'simple',
};

export const SAGA: JsonObject = {
  ...{ kind: 'saga', namespace: 'team-a', name: 's', version: '1', description: 'A saga.' },
  steps: [REASON, COMMIT, SIMPLE],
};

/** `<root>/<name>` to text. */
export const FILES: Readonly<Record<string, string>> = {
  'prompts/whole.md': 'Look at {{ issue }} of {{ repo }}.\n',
  'prompts/plain.md': 'Sum up.\n',
  'prompts/whole-mock.yaml': 'steps:\n  think:\n    - submit: { body: "{{ arguments.issue }}" }\n',
  'policies/whole.yaml': 'name: whole\nversion: 1\ncel: arguments.repo != ""\n',
  'schemas/whole.json': '{\n  "type": "object",\n  "properties": { "body": { "type": "string" } }\n}\n',
  'schemas/tool.json': '{ "type": "object" }\n',
  'compensations/whole.yaml':
    'worker: w\nworker_version: "1"\nwith:\n  id: { from: $.steps.act.output.data.id }\n' +
    'timeout_seconds: 30\nmax_turns: 4\ntools:\n  allow:\n    - name: remove\n    - name: reopen\n' +
    'resources:\n  allow:\n    - uri: repo://{id}/files\n',
};

/** Writes all of them as they are when they are good. */
export function writeFiles(example: Example): void {
  for (const [name, text] of Object.entries(FILES)) example.write(name, text);
}
