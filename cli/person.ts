/** Who types: the label that a decision carries. Who it really is, the server knows from credentials. */
import { userInfo } from 'node:os';

/** The name of the operating system's user; undefined when there is none, as in some containers. */
export function personName(): string | undefined {
  try {
    return userInfo().username.slice(0, 256) || undefined;
  } catch {
    // A user id without a name. The decision stands without a label.
    return undefined;
  }
}
