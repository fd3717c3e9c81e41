import type { Section } from './rule.ts';

export const MANIFEST_FILE_RULES: readonly Section[] = [
  {
    title: 'Files that manifests name',
    rules: {
      'MANIFEST-25': 'each kind of file is read under its own root, also in folders below it',
      'MANIFEST-26': 'absolute paths, "..", and links that leave the root are refused',
      'MANIFEST-27': 'a file that is not there is refused, and its root is named',
      'MANIFEST-28': 'files are frozen at deploy: what runs is what was deployed, whatever happened on disk',
      'MANIFEST-29': 'a deploy after a file was changed replaces the definition',
      'MANIFEST-30': 'a problem in a named file names that file, and the place in it',
      'MANIFEST-31': 'the ledger has the digest of what was deployed, the same for the same definition',
    },
  },
  {
    title: 'Worker manifests',
    rules: {
      'MANIFEST-32': 'openai, anthropic, local and mock are providers, and nothing else is',
      'MANIFEST-33': 'provider, model_name and system_prompt are required',
      'MANIFEST-34':
        'the provider is asked for the model by its name, with the temperature, which is 0 unless the worker says so',
      'MANIFEST-35': 'the system prompt is the system message of every reason step, react or simple',
      'MANIFEST-36':
        'the adapter is stored and shown, "langchain" unless the worker says so, and has no effect',
      'MANIFEST-37': 'a tool source is reached over sse unless it says http or stdio, in any case',
      'MANIFEST-38': 'a key of another transport is refused, and so is what a transport lacks',
      'MANIFEST-39': 'two tool sources of a worker have two names',
      'MANIFEST-40': 'a command that the operator does not allow is refused',
      'MANIFEST-41':
        'a stdio server sees a minimal environment, its env, and what it inherits; a bare "-e NAME" inherits NAME',
      'MANIFEST-42': '${ENV:NAME} and ${NAME} in env are filled in when the connection opens',
      'MANIFEST-43': '${ENV:NAME} and ${NAME} in headers are filled in when the connection opens',
      'MANIFEST-44': 'the values are in no ledger, no history of the workflow, and no answer',
      'MANIFEST-45': 'a variable that is not set, or empty, is MCP_UNAVAILABLE and is named',
      'MANIFEST-46':
        'deploying connects to nothing: a server that is away is a problem of the step that needs it',
    },
  },
  {
    title: 'The mock provider',
    rules: {
      'MANIFEST-47':
        'without a script it answers from output_schema: examples, default, const, first enum, else a small valid value',
      'MANIFEST-48': 'without output_schema it answers a summary, and every key that later bindings read',
      'MANIFEST-49': 'its texts quote the first bound argument',
      'MANIFEST-50':
        'a react step calls each allowed tool once, with the values of "with" that its schema has names for',
      'MANIFEST-51': 'the same step, arguments and script give the same turns and the same usage',
      'MANIFEST-52': 'a script plays turn after turn: one call, several calls, a text, a submit',
      'MANIFEST-53':
        'its values are expressions over arguments, results and guidance; one that stands alone keeps its type',
      'MANIFEST-54': 'a failure in a script is an answer of the provider with that status',
      'MANIFEST-55': 'after the last turn the step fails and says that the script has none',
      'MANIFEST-56': 'a script that is none, or names what it does not have, is refused at its deploy',
    },
  },
];
