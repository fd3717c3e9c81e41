/** Deploys the example manifests of `config/manifests/` over HTTP: workers first, because sagas name them. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './dev-prepare.mjs';

const order = ['worker', 'project', 'saga'];

/**
 * @param {string} api address of the HTTP interface
 * @param {(line: string) => void} say is told what the API answered to each
 * @throws {Error} with every problem that the API names
 */
export async function deployExamples(api, say) {
  const folder = join(root, 'config', 'manifests');
  const names = (await readdir(folder)).filter((name) => /\.(ya?ml|json)$/.test(name)).sort();
  const manifests = await Promise.all(
    names.map(async (name) => ({ name, text: await readFile(join(folder, name), 'utf8') })),
  );
  const ordered = manifests.sort((a, b) => order.indexOf(kindOf(a.text)) - order.indexOf(kindOf(b.text)));
  for (const { name, text } of ordered) {
    const type = name.endsWith('.json') ? 'application/json' : 'application/yaml';
    const response = await fetch(`${api}/v1/manifests`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: text,
      signal: AbortSignal.timeout(30_000),
    });
    const answer = await response.json();
    if (!response.ok) {
      throw new Error(
        `config/manifests/${name} was refused (${response.status}): ${answer.detail ?? JSON.stringify(answer)}`,
      );
    }
    say(`  config/manifests/${name}: ${answer.message}`);
  }
}

/** Only for the order; what the manifest really is the API judges. */
function kindOf(text) {
  return /^\s*"?kind"?\s*:\s*"?'?(\w+)/m.exec(text)?.[1] ?? '';
}
