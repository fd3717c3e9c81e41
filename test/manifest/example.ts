/** A copy of the example in a folder of its own, to be read as it is and with changes. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readManifest } from '../../manifest/read.ts';
import type { ManifestOptions, ManifestReading, Problem } from '../../manifest/read.ts';
import { repository } from '../support/processes.ts';

export interface Example {
  folder: string;
  options: ManifestOptions;
  worker: string;
  saga: string;
  /** Writes `name` (`policies/p.yaml`) into the copy. */
  write(name: string, text: string | Uint8Array): void;
  read(text: string, options?: Partial<ManifestOptions>): ManifestReading;
  /** The problems of a text; empty when it reads. */
  problems(text: string): Problem[];
  remove(): void;
}

export function copyExample(): Example {
  const folder = mkdtempSync(join(tmpdir(), 'warden-manifest-'));
  cpSync(join(repository, 'config'), folder, { recursive: true });
  const root = (name: string): string => join(folder, name);
  const options: ManifestOptions = {
    file: 'm.yaml',
    roots: {
      prompts: root('prompts'),
      policies: root('policies'),
      schemas: root('schemas'),
      compensations: root('compensations'),
    },
    stdioAllow: ['warden-notes'],
  };
  const read = (text: string, changed: Partial<ManifestOptions> = {}): ManifestReading =>
    readManifest(text, { ...options, ...changed });
  return {
    folder,
    options,
    worker: readFileSync(join(folder, 'manifests', 'changelog-worker.yaml'), 'utf8'),
    saga: readFileSync(join(folder, 'manifests', 'changelog.yaml'), 'utf8'),
    write: (name, text) => writeFileSync(join(folder, name), text),
    read,
    problems: (text) => {
      const reading = read(text);
      return reading.kind === 'problems' ? reading.problems : [];
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** A small saga of one step; `step` replaces or adds lines of it, `null` takes a line out. */
export function sagaOf(step: Record<string, string | null>, saga: Record<string, string> = {}): string {
  const commit = { id: 'write', kind: 'commit', worker: 'w', worker_version: '"1"' };
  const lines = Object.entries({ ...commit, tools: '{ allow: [{ name: put_note }] }', ...step })
    .filter(([, value]) => value !== null)
    .map(([key, value], index) => `${index === 0 ? '  - ' : '    '}${key}: ${value}`);
  const head = { kind: 'saga', name: 's', version: '"1"', description: 'A saga', ...saga };
  const top = Object.entries(head).map(([key, value]) => `${key}: ${value}`);
  return [...top, 'steps:', ...lines, ''].join('\n');
}

/** A small worker; `source` are lines of its one tool source. */
export function workerOf(
  worker: Record<string, string>,
  source: Record<string, string> | null = null,
): string {
  const given = { kind: 'worker', name: 'w', version: '"1"', provider: 'mock', model_name: 'schema' };
  const head = Object.entries({ ...given, system_prompt: 'You work.', ...worker });
  const lines = head.map(([key, value]) => `${key}: ${value}`);
  if (source === null) return lines.join('\n');
  const fields = Object.entries({ name: 'notes', transport: 'stdio', command: 'warden-notes', ...source });
  const sources = fields.map(([key, value], index) => `${index === 0 ? '  - ' : '    '}${key}: ${value}`);
  return [...lines, 'tool_sources:', ...sources].join('\n');
}

/** `path: message` of each, to compare in one assertion. */
export function said(problems: readonly Problem[]): string[] {
  return problems.map((problem) => `${problem.path}: ${problem.message}`);
}
