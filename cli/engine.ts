/** The server that the command line talks to. */
import { createApiClient, type ApiClient } from '../api/client.ts';
import type { ManifestOptions } from '../manifest/read.ts';
import { Refusal } from './refusal.ts';
import type { Terminal } from './terminal.ts';

export interface Engine {
  url: string;
  client: ApiClient;
}

/** What every command is handed. */
export interface Cli {
  terminal: Terminal;
  /** @throws {Refusal} saying how to set ENGINE_URL, when it is not set */
  connect(): Promise<Engine>;
  /** @throws {Error} with every problem of the settings */
  manifestSettings(): ManifestSettings;
}

/** What a manifest is checked against when there is no server: the settings of this computer. */
export type ManifestSettings = Pick<ManifestOptions, 'roots' | 'stdioAllow'>;

/** @param engineUrl the setting; asked for only by commands that need the server */
export function createConnect(engineUrl: () => string | null): Cli['connect'] {
  return async () => {
    const url = engineUrl();
    if (url === null) {
      throw new Refusal(
        'ENGINE_URL is not set: expected the address of the server, such as http://127.0.0.1:8000',
        'export ENGINE_URL=http://127.0.0.1:8000, or put ENGINE_URL=http://127.0.0.1:8000 into the file .env',
      );
    }
    if (new URL(url).username !== '') {
      throw new Refusal(
        'ENGINE_URL: expected an address without user and password, found one with them',
        'take them out of ENGINE_URL',
      );
    }
    return { url, client: createApiClient(url) };
  };
}

/** Says how to see the next page, when there may be one. */
export function hintAtNextPage(
  terminal: Terminal,
  page: { items: readonly unknown[]; limit: number; offset: number },
): void {
  const { items, limit, offset } = page;
  if (items.length === 0 || items.length < limit) return;
  terminal.problem('HINT', `${items.length} rows are shown; the next ones: --offset ${offset + limit}`);
}
