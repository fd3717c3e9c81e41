/** The HTTP interface as one Express app: what is refused at once, the routes, and what no route took. */
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import helmet from 'helmet';
import type { Store } from '../store/store.ts';
import { decisionRoutes } from './decisions.ts';
import { definitionRoutes } from './definitions.ts';
import { docsRoutes } from './docs.ts';
import { guard } from './guard.ts';
import { healthRoutes, type TemporalState } from './health.ts';
import { ledgerRoutes } from './ledger.ts';
import { manifestRoutes, type ManifestSettings } from './manifests.ts';
import { mount, sendRefusal } from './mount.ts';
import { refusal, refusalOf, type Log } from './problem.ts';
import { reviewRoutes } from './reviews.ts';
import { reviewShownRoutes } from './review.ts';
import type { Route } from './route.ts';
import { recoveryRoutes } from './recovery.ts';
import { sagaRoutes } from './sagas.ts';
import { stepRoutes } from './steps.ts';

export interface AppDeps extends ManifestSettings {
  store: Store;
  temporal: TemporalState;
  log: Log;
}

/** Every route, with the schemas that validate it. */
export function createRoutes({ store, temporal, roots, stdioAllow }: AppDeps): Route[] {
  const routes = [
    ...healthRoutes(store, temporal),
    ...manifestRoutes(store, { roots, stdioAllow }),
    ...definitionRoutes(store),
    ...sagaRoutes(store),
    ...reviewRoutes(store),
    ...reviewShownRoutes(store),
    ...stepRoutes(store),
    ...decisionRoutes(store),
    ...recoveryRoutes(store),
    ...ledgerRoutes(store),
  ];
  return [...routes, ...docsRoutes(routes)];
}

export function createApp(deps: AppDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  // A path is one text: what is nearly a route is none.
  app.enable('case sensitive routing');
  app.enable('strict routing');
  app.use(security());
  app.use(guard);
  mount(app, createRoutes(deps), deps.log);
  app.use((request: Request, response: Response) => {
    sendRefusal(response, refusal(404, `no route ${request.path.slice(0, 200)}`));
  });
  // Express knows an error handler by its four parameters.
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    if (response.headersSent) response.destroy();
    else sendRefusal(response, refusalOf(error, deps.log, { method: request.method, path: request.path }));
  });
  return app;
}

/** Answers are data, never pages: nothing in them may load or run, and none is kept. */
function security() {
  const headers = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
    // Plain HTTP on a loopback address.
    strictTransportSecurity: false,
  });
  return (request: Request, response: Response, next: NextFunction): void => {
    response.setHeader('cache-control', 'no-store');
    headers(request, response, next);
  };
}
