/**
 * Worker process of the base, with the SDK settings of ours:
 * `node base-worker.js ADDRESS TASK_QUEUE BUNDLE NOTES_FOLDER NOTES_RECORD`.
 */
import { join } from 'node:path';
import { NativeConnection, Runtime, Worker, DefaultLogger } from '@temporalio/worker';
import { createToolServers } from '../mcp/servers.ts';
import { createBaseActivities } from './base-activities.ts';

const [address = '', taskQueue = '', codePath = '', folder = '', record = ''] = process.argv.slice(2);
const notes = join(import.meta.dirname, '..', 'servers', 'notes.js');

Runtime.install({ logger: new DefaultLogger('WARN') });
const tools = createToolServers({
  stdioAllow: ['warden-notes'],
  bundled: {
    'warden-notes': { command: process.execPath, args: [notes, '--folder', folder, '--record', record] },
  },
  env: {},
  log: (message) => console.error(message),
});
const connection = await NativeConnection.connect({ address });
const worker = await Worker.create({
  connection,
  taskQueue,
  workflowBundle: { codePath },
  activities: createBaseActivities(tools),
  maxConcurrentActivityTaskExecutions: 100,
  maxCachedWorkflows: 500,
  stickyQueueScheduleToStartTimeout: '1s',
});
await worker.run();
await tools.close();
await connection.close();
