/**
 * Names that older deployments used and that are not read any more, each with the name that replaces it. Whoever
 * still sets one is told, for else it would be ignored without a word.
 */
import type { Environment } from './reader.ts';

export const OLD_NAMES: Readonly<Record<string, string>> = {
  ENGINE_HOST: 'WARDEN_API_HOST',
  ENGINE_PORT: 'WARDEN_API_PORT',
  ENGINE_API_URL: 'ENGINE_URL',
  ENGINE_BASE_URL: 'ENGINE_URL',
  ENGINE_DB_URL: 'DATABASE_URL',
  ENGINE_DATABASE_URL: 'DATABASE_URL',
  ENGINE_LOG_LEVEL: 'WARDEN_LOG_LEVEL',
  LOG_LEVEL: 'WARDEN_LOG_LEVEL',
  DATABASE_DSN: 'DATABASE_URL',
  DB_DSN: 'DATABASE_URL',
  POSTGRES_DSN: 'DATABASE_URL',
  POSTGRES_URL: 'DATABASE_URL',
  POSTGRES_URI: 'DATABASE_URL',
  DB_POOL_SIZE: 'WARDEN_WORKER_CONNECTIONS',
  WORKER_DB_POOL_SIZE: 'WARDEN_WORKER_CONNECTIONS',
  WORKER_CONCURRENCY: 'WARDEN_WORKER_MAX_IN_FLIGHT',
  WORKER_MAX_CONCURRENCY: 'WARDEN_WORKER_MAX_IN_FLIGHT',
  WORKER_MAX_CONCURRENT_ACTIVITIES: 'WARDEN_WORKER_MAX_IN_FLIGHT',
  WORKER_LOG_LEVEL: 'WARDEN_LOG_LEVEL',
  WORKER_TASK_QUEUE: 'WARDEN_TASK_QUEUE',
  TEMPORAL_TASK_QUEUE: 'WARDEN_TASK_QUEUE',
  TEMPORAL_HOST: 'TEMPORAL_ADDRESS',
  TEMPORAL_HOST_PORT: 'TEMPORAL_ADDRESS',
  TEMPORAL_HOST_URL: 'TEMPORAL_ADDRESS',
  TEMPORAL_HOSTPORT: 'TEMPORAL_ADDRESS',
  TEMPORAL_SERVER: 'TEMPORAL_ADDRESS',
  TEMPORAL_TARGET: 'TEMPORAL_ADDRESS',
  TEMPORAL_URL: 'TEMPORAL_ADDRESS',
  LLM_RETRY_ENABLED: 'WARDEN_LLM_RETRY_ENABLED',
  LLM_RETRY_MAX_ATTEMPTS: 'WARDEN_LLM_RETRY_MAX_ATTEMPTS',
  LLM_MAX_RETRIES: 'WARDEN_LLM_RETRY_MAX_ATTEMPTS',
  LLM_RETRY_BASE_DELAY_S: 'WARDEN_LLM_RETRY_BASE_DELAY_S',
  LLM_RETRY_MAX_DELAY_S: 'WARDEN_LLM_RETRY_MAX_DELAY_S',
  LLM_MAX_STEP_TOKENS: 'WARDEN_MAX_STEP_TOKENS',
  MAX_STEP_TOKENS: 'WARDEN_MAX_STEP_TOKENS',
  LLM_API_KEY: 'OPENAI_API_KEY, ANTHROPIC_API_KEY or WARDEN_LOCAL_LLM_API_KEY',
  LLM_BASE_URL: 'WARDEN_LOCAL_LLM_BASE_URL',
  LOCAL_LLM_BASE_URL: 'WARDEN_LOCAL_LLM_BASE_URL',
  LOCAL_LLM_API_KEY: 'WARDEN_LOCAL_LLM_API_KEY',
  LOCAL_LLM_URL: 'WARDEN_LOCAL_LLM_BASE_URL',
  MCP_CALL_TIMEOUT_S: 'WARDEN_MCP_CALL_TIMEOUT_S',
  MCP_STDIO_ALLOW: 'WARDEN_STDIO_ALLOW',
  STDIO_ALLOW: 'WARDEN_STDIO_ALLOW',
  REACT_TOOL_MESSAGE_LIMIT: 'WARDEN_REACT_TOOL_MESSAGE_LIMIT',
};

/** Parts of an address; a database server beside Warden may be set up with them, so they may stay beside the whole. */
export const ADDRESS_PARTS: readonly string[] = [
  'POSTGRES_HOST',
  'POSTGRES_PORT',
  'POSTGRES_DB',
  'POSTGRES_USER',
  'POSTGRES_PASSWORD',
  'DB_HOST',
  'DB_PORT',
  'DB_NAME',
  'DB_USER',
  'DB_PASSWORD',
];

/** A line for each old name that is set; values are not repeated, since some are secrets. */
export function oldNameWarnings(env: Environment, databaseUrl: string | null): string[] {
  const isSet = (name: string): boolean => (env[name]?.trim() ?? '') !== '';
  const parts = databaseUrl === null ? ADDRESS_PARTS : [];
  const replaced = [...Object.entries(OLD_NAMES), ...parts.map((name) => [name, 'DATABASE_URL'] as const)];
  return replaced
    .filter(([name]) => isSet(name))
    .map(([name, today]) => `${name} is a name of older deployments and is not read: set ${today} instead`);
}
