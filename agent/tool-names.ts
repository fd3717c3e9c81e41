/** Names of tools as providers take them: letters, digits, `_` and `-`, at most 64. MCP allows more. */
import { createHash } from 'node:crypto';

const FITS = /^[A-Za-z0-9_-]{1,64}$/;
const KEPT = 53;

/** The name itself where it fits; else what is left of it and a hash, so that no two become one. */
export function providerName(tool: string): string {
  if (FITS.test(tool)) return tool;
  const hash = createHash('sha256').update(tool).digest('hex').slice(0, 10);
  return `${tool.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, KEPT)}_${hash}`;
}

/** The tool that a provider's name stands for; a name that no tool has comes back as it is. */
export function toolOf(name: string, tools: readonly { name: string }[]): string {
  return tools.find((tool) => providerName(tool.name) === name)?.name ?? name;
}
