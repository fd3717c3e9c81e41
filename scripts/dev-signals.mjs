/** Ctrl-C and its like for a command that owns a stack: the first stops it, the second kills it. */

/**
 * @param {{ stop: () => Promise<void>, killAll: () => void }} stack
 * @param {(line: string) => void} say
 */
export function stopOnSignals(stack, say) {
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  let received = null;
  let told = () => undefined;
  const stopped = new Promise((resolve) => {
    told = resolve;
  });
  const hear = (name) => {
    if (received !== null) {
      stack.killAll();
      return;
    }
    received = name;
    say(`\nStopping (${name}); once more kills …`);
    stack.stop().then(told, told);
  };
  for (const name of names) process.on(name, hear);
  // The terminal is gone, or "| head" has seen enough: nobody is told any more, and nothing may be left running.
  const unheard = () => {
    if (received === null) hear('SIGPIPE');
  };
  process.stdout.on('error', unheard);
  return {
    /** Resolves when the stack has stopped because of a signal. */
    stopped,
    received: () => received,
    forget: () => names.forEach((name) => process.off(name, hear)),
  };
}
