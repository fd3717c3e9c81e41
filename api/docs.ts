/**
 * The document of the interface, and a page to try it. Everything that the page loads comes from here: its policy
 * allows the browser nothing else, and no script inside the page.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { plainProblem } from './contract-problem.ts';
import { loadDescription } from './on-demand.ts';
import { refusal } from './problem.ts';
import { contentRoute, jsonRoute, none, type Content, type Route } from './route.ts';

const SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  // Its icons are in its style sheet.
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>Warden: HTTP interface</title>
    <link rel="icon" type="image/png" href="/docs/favicon-32x32.png" />
    <link rel="stylesheet" href="/docs/swagger-ui.css" />
  </head>
  <body>
    <div id="interface"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

// A validator elsewhere would be asked about the document by default.
const START = `SwaggerUIBundle({
  url: '/v1/openapi.json',
  dom_id: '#interface',
  deepLinking: true,
  displayRequestDuration: true,
  validatorUrl: null,
});
`;

/** Files of swagger-ui-dist that the page loads, by their media type. */
const COPIED: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css',
  'swagger-ui-bundle.js': 'text/javascript',
  'favicon-32x32.png': 'image/png',
};

const document = z.looseObject({ openapi: z.string() });

/** `others`: all routes but these, which the document describes as well. */
export function docsRoutes(others: readonly Route[]): Route[] {
  let made: z.output<typeof document> | null = null;
  const describe = async () => {
    const { describeInterface } = await loadDescription();
    return (made ??= { ...describeInterface([...others, ...routes]) });
  };
  const shared = { method: 'get', status: 200, params: none, query: none, body: none } as const;
  const answers = { ...shared, answer: document, run: describe };
  const routes: Route[] = [
    jsonRoute({
      ...answers,
      path: '/v1/openapi.json',
      summary: 'This document',
      operation: 'openapi',
    }),
    jsonRoute({
      ...answers,
      path: '/openapi.json',
      summary: 'This document, where it is often looked for',
      operation: 'openapiAtRoot',
    }),
    contentRoute({
      path: '/docs',
      summary: 'A page to try the interface',
      operation: 'docs',
      params: none,
      type: 'text/html',
      run: async () => page('text/html', PAGE),
    }),
    contentRoute({
      path: '/docs/{file}',
      summary: 'What that page loads',
      operation: 'docsFile',
      params: z.object({ file: z.string().meta({ examples: ['start.js'] }) }),
      type: '*/*',
      refuses: { 404: plainProblem },
      run: ({ file }) => fileOf(file),
    }),
  ];
  return routes;
}

function page(type: string, body: string | Buffer): Content {
  return { type, body, securityPolicy: SECURITY_POLICY };
}

async function fileOf(name: string): Promise<Content> {
  if (name === 'start.js') return page('text/javascript', START);
  const type = Object.hasOwn(COPIED, name) ? COPIED[name] : undefined;
  if (type === undefined) throw refusal(404, `the page has no file ${name.slice(0, 200)}`);
  const body = (await read(join(import.meta.dirname, 'docs'), name)) ?? (await read(installed(), name));
  if (body !== null) return page(type, body);
  throw refusal(404, `the page was built without ${name}: run "npm run build" again`);
}

/** Where the files are copied from, when this was not built. */
function installed(): string | null {
  try {
    return dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  } catch {
    return null;
  }
}

/** null: there is no such file. */
async function read(folder: string | null, name: string): Promise<Buffer | null> {
  if (folder === null) return null;
  try {
    return await readFile(join(folder, name));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
