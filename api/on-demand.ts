/**
 * What few requests need and takes longer to load than all the rest of the interface: the reader of manifests, the
 * rules that edits are held against, the document's maker. Each is loaded when it is first asked for, or ahead of
 * that by `loadAll`, when a process answers already.
 */

export const loadManifestReader = () => import('../manifest/read.ts');

export async function loadEditRules() {
  const [{ createEditCheck }, { createPolicyGate }] = await Promise.all([
    import('./edits.ts'),
    import('../expression/gate.ts'),
  ]);
  return { createEditCheck, createPolicyGate };
}

export const loadDescription = () => import('./openapi.ts');

export async function loadAll(): Promise<void> {
  await Promise.all([loadEditRules(), loadManifestReader(), loadDescription()]);
}
