/** Ports for servers of tests. */
export { freePort, isFree } from '../../scripts/ports.mjs';
