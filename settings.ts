/**
 * Everything that can be set from outside: read once, checked as a whole, frozen. This is the only file that
 * reads `process.env`; every other module is handed its values by the process entries.
 */
import { join } from 'node:path';
import { readDotEnv } from './settings/dot-env.ts';
import { createReader, nearest } from './settings/reader.ts';
import { oldNameWarnings } from './settings/old-names.ts';
import type { Environment, Reader } from './settings/reader.ts';

export type { Environment, LogLevel } from './settings/reader.ts';

/** Where a process kills itself when a test asks for it with `WARDEN_CRASH_POINT`. */
export const crashPoints = [
  'decided-not-sent',
  'sent-not-consumed',
  'review-opened-not-reported',
  'calling-not-called',
  'effect-not-recorded',
  'recorded-not-reported',
  'undo-not-recorded',
  'numbered-not-notified',
] as const;

export type CrashPoint = (typeof crashPoints)[number];

const HTTP = ['http:', 'https:'] as const;

export type Settings = Readonly<ReturnType<typeof gather>> & {
  /** What a process says once when it starts: settings that have no effect. */
  readonly warnings: readonly string[];
};

/** Settings that cannot be used. `problems` has one line for each, the message has them all. */
export class SettingsError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the settings cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'SettingsError';
    this.problems = problems;
  }
}

/**
 * The environment of this process over the file `.env` of a folder: a name in both has the process's value.
 * @param folder where `.env` is looked for; a missing file is no error
 * @throws {SettingsError} with every line of the file that is no setting
 */
export function loadEnvironment(folder: string = process.cwd()): Environment {
  const read = readDotEnv(join(folder, '.env'));
  if ('problems' in read) throw new SettingsError(read.problems);
  return { ...read.env, ...process.env };
}

/**
 * Checks an environment and gives the settings. An empty value counts as not set.
 * @throws {SettingsError} with every problem at once, unknown `WARDEN_…` names among them
 */
export function readSettings(env: Environment): Settings {
  const reader = createReader(env);
  const settings = gather(reader);
  const unknown = Object.keys(env).filter((name) => name.startsWith('WARDEN_') && !reader.known.has(name));
  for (const name of unknown) {
    reader.problems.push(
      `${name} is not a setting; did you mean ${nearest(name, reader.known)}? Correct or remove it`,
    );
  }
  if (reader.problems.length > 0) throw new SettingsError(reader.problems);
  return deepFreeze({ ...settings, warnings: warningsOf(env, settings) });
}

function warningsOf(
  env: Environment,
  { databaseUrl, otlpEndpoint }: ReturnType<typeof gather>,
): readonly string[] {
  const warnings = oldNameWarnings(env, databaseUrl);
  if (otlpEndpoint !== null) {
    warnings.push('WARDEN_OTLP_ENDPOINT is set, but traces are not exported yet: it has no effect');
  }
  return warnings;
}

function gather(reader: Reader) {
  const { text, whole, seconds, choice, list } = reader;
  return {
    /** PostgreSQL; null: the embedded store in `dataDir`. */
    databaseUrl: reader.url('DATABASE_URL', ['postgres:', 'postgresql:'], ['DB_URL']),
    dataDir: text('WARDEN_DATA_DIR', '.warden/data'),
    api: {
      host: reader.loopback('WARDEN_API_HOST', ['ENGINE_API_HOST']),
      port: whole('WARDEN_API_PORT', 8000, 0, 65535, ['ENGINE_API_PORT']),
    },
    /** Authentication comes later: until then every caller on the loopback address may do everything. */
    auth: reader.auth('WARDEN_AUTH'),
    temporal: {
      address: text('TEMPORAL_ADDRESS', '127.0.0.1:7233'),
      namespace: text('TEMPORAL_NAMESPACE', 'default'),
      taskQueue: text('WARDEN_TASK_QUEUE', 'warden'),
      /** Only the development stack starts a server, on these. */
      port: whole('TEMPORAL_PORT', 7233, 1, 65535),
      uiPort: whole('TEMPORAL_UI_PORT', 8233, 1, 65535),
      /** Whether typed decisions count with authentication on, where their sender is only a label. */
      signalsTrusted:
        choice('WARDEN_TEMPORAL_SIGNALS', ['refused', 'trusted'] as const, 'refused') === 'trusted',
    },
    worker: {
      maxInFlight: whole('WARDEN_WORKER_MAX_IN_FLIGHT', 100, 1, 10_000, ['WORKER_MAX_IN_FLIGHT']),
      /** To PostgreSQL. */
      connections: whole('WARDEN_WORKER_CONNECTIONS', 20, 2, 1000),
      maxCachedWorkflows: whole('WARDEN_MAX_CACHED_WORKFLOWS', 500, 1, 100_000),
    },
    roots: {
      prompts: text('PROMPTS_ROOT', './config/prompts'),
      policies: text('POLICIES_ROOT', './config/policies'),
      schemas: text('SCHEMAS_ROOT', './config/schemas'),
      compensations: text('COMPENSATIONS_ROOT', './config/compensations'),
    },
    /** Commands that a manifest may name as a `stdio` tool source. */
    stdioAllow: list('WARDEN_STDIO_ALLOW'),
    /** Whether the `url` of a tool source may lead to a loopback or private address. */
    mcpAllowPrivate: reader.flag('WARDEN_MCP_ALLOW_PRIVATE', false),
    /** Of one tool call; null: the limit of its step alone. */
    mcpCallTimeoutMs: reader.limitSeconds('WARDEN_MCP_CALL_TIMEOUT_S'),
    notes: { folder: reader.optional('WARDEN_NOTES_FOLDER'), record: reader.optional('WARDEN_NOTES_RECORD') },
    issues: { file: reader.optional('WARDEN_ISSUES_FILE'), record: reader.optional('WARDEN_ISSUES_RECORD') },
    ...gatherModels(reader),
    undoRetry: {
      baseDelayMs: seconds('WARDEN_UNDO_RETRY_BASE_DELAY_S', 1),
      maxDelayMs: seconds('WARDEN_UNDO_RETRY_MAX_DELAY_S', 60),
    },
    /** Where traces will be exported to; null: nowhere. */
    otlpEndpoint: reader.url('WARDEN_OTLP_ENDPOINT', HTTP, ['OTLP_ENDPOINT']),
    logLevel: reader.logLevel('WARDEN_LOG_LEVEL', ['LOGGING_LEVEL']),
    /** Where the command line finds the HTTP interface; null: it says how to set it. */
    engineUrl: reader.url('ENGINE_URL', HTTP),
    crashPoint: choice('WARDEN_CRASH_POINT', crashPoints, null),
    /** A mark by which a test run finds every process that it started. */
    runId: reader.optional('WARDEN_RUN_ID'),
  };
}

function gatherModels({ flag, whole, seconds, optional, url }: Reader) {
  return {
    llmRetry: {
      enabled: flag('WARDEN_LLM_RETRY_ENABLED', true),
      /** The first attempt included. */
      maxAttempts: whole('WARDEN_LLM_RETRY_MAX_ATTEMPTS', 3, 1, 100),
      baseDelayMs: seconds('WARDEN_LLM_RETRY_BASE_DELAY_S', 1),
      maxDelayMs: seconds('WARDEN_LLM_RETRY_MAX_DELAY_S', 60),
    },
    /** Model providers. The keys go nowhere but into the requests to their provider. */
    llm: {
      localBaseUrl: url('WARDEN_LOCAL_LLM_BASE_URL', HTTP) ?? 'http://localhost:11434/v1',
      /** null: the server asks for none. */
      localApiKey: optional('WARDEN_LOCAL_LLM_API_KEY'),
      openaiApiKey: optional('OPENAI_API_KEY'),
      /** null: the provider's own. */
      openaiBaseUrl: url('OPENAI_BASE_URL', HTTP),
      anthropicApiKey: optional('ANTHROPIC_API_KEY'),
      anthropicBaseUrl: url('ANTHROPIC_BASE_URL', HTTP),
    },
    /** Of a reason step whose manifest names none; null: no limit. */
    maxStepTokens: whole('WARDEN_MAX_STEP_TOKENS', null, 1, Number.MAX_SAFE_INTEGER),
    /** Characters of a tool's text that a model is shown; 0: all of it. */
    reactToolMessageLimit: whole('WARDEN_REACT_TOOL_MESSAGE_LIMIT', 8_000, 0, 100_000_000),
  };
}

function deepFreeze<Value extends object>(value: Value): Value {
  for (const part of Object.values(value)) {
    if (typeof part === 'object' && part !== null) deepFreeze(part);
  }
  return Object.freeze(value);
}
