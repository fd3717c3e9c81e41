import type { SagaDefinition } from '../domain/definition.ts';

/** The members of a step's output that later bindings read: what a model without output schema should answer. */
export function wantedKeys(saga: SagaDefinition, stepId: string): string[] {
  const found = new Set<string>();
  const path = new RegExp(`^\\$\\.steps\\.${stepId}\\.output\\.data\\.([A-Za-z_][A-Za-z0-9_-]*)`);
  for (const step of saga.steps) {
    const bindings = [...Object.values(step.with), ...Object.values(step.compensation?.with ?? {})];
    for (const binding of bindings) {
      const key = 'from' in binding ? path.exec(binding.from)?.[1] : undefined;
      if (key !== undefined) found.add(key);
    }
  }
  return [...found];
}
