/** A workflow that does nothing: what a bundle weighs without ours. */
export async function empty(): Promise<void> {
  return Promise.resolve();
}
