/** `warden ping`: whether the server answers, and what it can reach. */
import type { Command } from 'commander';
import type { Cli } from './engine.ts';

export function addPing(parent: Command, cli: Cli): void {
  parent
    .command('ping')
    .description('ask the server whether it lives, and what it can reach')
    .option('--json', "print the server's JSON")
    .action(async ({ json }: { json?: boolean }) => {
      const { client, url } = await cli.connect();
      const health = await client.health();
      if (json === true) {
        cli.terminal.json(health);
        return;
      }
      cli.terminal.result('OK', `${url} status=${health.status}`);
      const { temporal, store, workers } = await client.ready();
      const word = ({ reachable }: { reachable: boolean }) => (reachable ? 'reachable' : 'away');
      cli.terminal.result('INFO', `temporal=${word(temporal)} store=${word(store)} workers=${workers.count}`);
    });
}
