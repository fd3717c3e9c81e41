/**
 * HTTP side of the base, as small as it can be: each route is one call of the Temporal client.
 * `node base-server.js ADDRESS TASK_QUEUE PORT`. POST /sagas/ID starts, GET says whether it is held, POST
 * /sagas/ID/approve signals and answers 202.
 */
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { Client, Connection } from '@temporalio/client';

const [address = '', taskQueue = '', port = ''] = process.argv.slice(2);
const client = new Client({ connection: await Connection.connect({ address }) });

const server = createServer((request, response) => {
  void answer(request)
    .catch((error: unknown) => ({ status: 500, body: { error: String(error) } }))
    .then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    });
});
server.listen(Number(port), '127.0.0.1');
process.once('SIGTERM', () => process.exit());

async function answer(request: IncomingMessage): Promise<{ status: number; body: object }> {
  const [, , id = '', verb] = (request.url ?? '').split('/');
  if (id === '') return { status: 200, body: { status: 'ok' } };
  const handle = client.workflow.getHandle(id);
  if (request.method === 'GET') {
    const { status } = await handle.describe();
    const held = status.name === 'RUNNING' && (await handle.query<boolean>('held'));
    return { status: 200, body: { held, status: status.name } };
  }
  const body: unknown = JSON.parse(await text(request));
  if (verb === 'approve') {
    await handle.signal('approve', body);
    return { status: 202, body: { status: 'queued' } };
  }
  await client.workflow.start('base', { workflowId: id, taskQueue, args: [body] });
  return { status: 201, body: { id } };
}
