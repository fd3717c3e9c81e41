/** The HTTP server of a process: listening, and ending in order. */
import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { createApp, type AppDeps } from './app.ts';

export interface ApiServer {
  url: string;
  port: number;
  /** Takes no more connections, lets requests under way finish, and cuts what is left after a while. */
  stop(): Promise<void>;
}

const FINISH_MS = 10_000;
const IDLE_LOOK_MS = 50;

/**
 * Serves the interface at `host` and `port` (0: any free one).
 * Rejects when it cannot listen there, naming the setting when another program does.
 */
export async function startApi(
  settings: { api: { host: string; port: number } },
  deps: AppDeps,
): Promise<ApiServer> {
  const server = createServer(createApp(deps));
  // Longer than clients and proxies keep an idle connection, so that none is closed as a request arrives.
  server.keepAliveTimeout = 65_000;
  server.headersTimeout = 30_000;
  server.requestTimeout = 60_000;
  server.on('clientError', answerUnreadable);
  const { host } = settings.api;
  const port = await listen(server, host, settings.api.port);
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    stop: () => stop(server),
  };
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => reject(inUse(error) ? portTaken(port) : error);
    server.once('error', failed);
    server.listen(port, host, () => {
      server.off('error', failed);
      const address = server.address();
      if (typeof address === 'object' && address !== null) resolve(address.port);
      else reject(new Error(`expected a port to listen on at ${host}, got ${String(address)}`));
    });
  });
}

function inUse(error: Error): boolean {
  return 'code' in error && error.code === 'EADDRINUSE';
}

function portTaken(port: number): Error {
  return new Error(
    `expected port ${port} to be free, but another program uses it; set WARDEN_API_PORT to another`,
  );
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), FINISH_MS);
    // A connection becomes idle when the answer under way is sent; clients keep it open for the next one.
    const idle = setInterval(() => server.closeIdleConnections(), IDLE_LOOK_MS);
    server.close(() => {
      clearTimeout(cut);
      clearInterval(idle);
      resolve();
    });
  });
}

const UNREADABLE: Record<string, { status: number; title: string; detail: string }> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    title: 'Headers too large',
    detail: 'expected an address and headers under 16 KiB',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    title: 'Timed out',
    detail: 'expected the whole request within a minute',
  },
};

/** What is no HTTP reaches no app, but is answered in the same form. */
function answerUnreadable(error: Error, socket: Socket): void {
  if (!socket.writable || ('code' in error && error.code === 'ECONNRESET')) {
    socket.destroy();
    return;
  }
  const code = 'code' in error ? String(error.code) : '';
  const { status, title, detail } = UNREADABLE[code] ?? {
    status: 400,
    title: 'Bad request',
    detail: 'expected a request in HTTP/1.1',
  };
  const body = JSON.stringify({ title, status, detail, problems: [{ message: detail }] });
  const head = [
    `HTTP/1.1 ${status} ${title}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
