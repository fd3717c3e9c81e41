/** The worker side of a process: tool servers, activities, and polling for them, over a store that is open. */
import { createModels, type LlmSettings } from '../agent/providers.ts';
import { createToolServers } from '../mcp/servers.ts';
import type { Store } from '../store/store.ts';
import { createActivities } from '../activities/create.ts';
import type { ActivityDeps } from '../activities/deps.ts';
import { startPolling, type PollOptions, type Poller } from './poll.ts';

/** The part of the settings that a worker needs (settings.ts). */
export interface WorkerSettings {
  temporal: { address: string; namespace: string; taskQueue: string; signalsTrusted: boolean };
  worker: { maxInFlight: number; maxCachedWorkflows: number };
  stdioAllow: readonly string[];
  mcpAllowPrivate: boolean;
  mcpCallTimeoutMs: number | null;
  notes: { folder: string | null; record: string | null };
  issues: { file: string | null; record: string | null };
  llm: LlmSettings;
  llmRetry: ActivityDeps['llmRetry'];
  maxStepTokens: number | null;
  reactToolMessageLimit: number;
  undoRetry: ActivityDeps['undoRetry'];
}

export interface WorkerParts {
  store: Store;
  /** Where `${NAME}` in manifests is looked up. */
  env: Readonly<Record<string, string | undefined>>;
  /** Folder of the compiled project: it has the workflow bundle and the bundled tool servers. */
  dist: string;
  crash: ActivityDeps['crash'];
  log: PollOptions['log'];
}

export function startWorker(settings: WorkerSettings, parts: WorkerParts): Poller {
  const { store, env, dist, crash, log } = parts;
  const tools = createToolServers({
    stdioAllow: settings.stdioAllow,
    allowPrivateUrls: settings.mcpAllowPrivate,
    callTimeoutMs: settings.mcpCallTimeoutMs,
    bundled: bundledServers(settings, dist),
    env,
    log: (message, fields) => log.info(fields ?? {}, message),
  });
  const { llmRetry, undoRetry, maxStepTokens, reactToolMessageLimit: toolMessageLimit } = settings;
  const models = createModels(settings.llm);
  const trust = { authentication: false, trusted: settings.temporal.signalsTrusted };
  const activities = createActivities({
    store,
    trust,
    tools,
    models,
    maxStepTokens,
    toolMessageLimit,
    llmRetry,
    undoRetry,
    crash,
    log,
  });
  const poller = startPolling({
    ...settings.temporal,
    ...settings.worker,
    bundle: `${dist}/workflow-bundle.js`,
    activities,
    log,
  });
  return {
    ready: poller.ready,
    ended: poller.ended,
    stop: async () => {
      await poller.stop();
      await tools.close();
    },
  };
}

/** The tool servers that come with Warden, by the command that manifests name. */
function bundledServers({ notes, issues }: WorkerSettings, dist: string) {
  const server = (name: string, flags: Record<string, string | null>) => ({
    command: process.execPath,
    args: [
      `${dist}/servers/${name}.js`,
      ...Object.entries(flags).flatMap(([flag, value]) => (value === null ? [] : [flag, value])),
    ],
  });
  return {
    'warden-notes': server('notes', { '--folder': notes.folder, '--record': notes.record }),
    'warden-issues': server('issues', { '--file': issues.file, '--record': issues.record }),
  };
}
