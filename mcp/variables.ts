/**
 * Variables of the worker process's environment, as manifests name them in `env`, `env_inherit`, `headers` and the query of `url`.
 * Looked up only when a connection opens; what was looked up is remembered, so that it can be kept out of every
 * log and message.
 */

/** Thrown when a source cannot be opened as it is described; the message never holds a variable's value. */
export class SourceRefused extends Error {
  override name = 'SourceRefused';
}

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Variables {
  /** The value of a variable. Throws `SourceRefused` when it is unset, empty, or a setting of Warden. */
  value(name: string): string;
  /** The text with every `${ENV:NAME}` and `${NAME}` replaced by its value, as `written`. Throws as `value` does. */
  fill(text: string, written?: (value: string) => string): string;
  /** Every value that was handed out. */
  secrets: string[];
}

/**
 * Names of Warden's own settings, which may hold its credentials: no manifest can have them handed to a tool
 * server. Where the bundled servers keep their notes and issues is there to be handed on.
 */
const OWN = /^(WARDEN_(?!NOTES_|ISSUES_)|(TEST_)?DATABASE_URL$|DB_URL$)/;

const REFERENCE = /\$\{(?:ENV:)?([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** Variables for one connection. */
export function createVariables(env: Environment): Variables {
  const secrets: string[] = [];
  const value = (name: string): string => {
    const found = lookUp(name, env);
    secrets.push(found);
    return found;
  };
  return {
    value,
    fill: (text, written = (found) => found) =>
      text.replace(REFERENCE, (_, name: string) => written(value(name))),
    secrets,
  };
}

function lookUp(name: string, env: Environment): string {
  if (OWN.test(name)) {
    throw new SourceRefused(
      `the environment variable ${name} is a setting of Warden itself and is not handed to tool servers; ` +
        'give the server a variable of its own',
    );
  }
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (value !== undefined && value !== '') return value;
  throw new SourceRefused(
    `the environment variable ${name} is ${value === undefined ? 'not set' : 'empty'} in the worker process; set it and restart that process`,
  );
}
