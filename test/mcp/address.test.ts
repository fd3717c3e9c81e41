import assert from 'node:assert/strict';
import type { LookupFunction } from 'node:net';
import { describe, it } from 'mocha';
import { AddressRefused, createLookup, refuseAddress } from '../../mcp/address.ts';
import { createFixture, remote } from './fixtures/fixture.ts';
import { startRawServer } from './fixtures/raw-server.ts';

const PRIVATE = ['127.0.0.1', '127.9.9.9', '10.0.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1'].concat([
  '::1',
  'fd00::1',
  '::ffff:10.0.0.1',
  '::ffff:7f00:1',
]);
const NEVER = [
  '0.0.0.0',
  '169.254.169.254',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  'fe80::1',
  'fe80::1%eth0',
].concat(['::ffff:169.254.169.254', '64:ff9b::a00:1', '2002:a00:1::', '::10.0.0.1', 'ff02::1']);
const PUBLIC = ['8.8.8.8', '172.32.0.1', '2606:4700::1111', '::ffff:8.8.8.8'];

const lookUp = (lookup: LookupFunction, all: boolean) =>
  new Promise((resolve, reject) => {
    lookup('name.example', { all }, (error, address) => {
      if (error === null) resolve(address);
      else reject(error);
    });
  });

describe('an address that a url leads to', () => {
  it('is refused when it is loopback or private, unless that is allowed', () => {
    for (const address of PRIVATE) {
      assert.throws(() => refuseAddress(address, false), /WARDEN_MCP_ALLOW_PRIVATE/, address);
      assert.doesNotThrow(() => refuseAddress(address, true), address);
    }
  });

  it('is always refused when it is link-local, reserved, or hides another; a public one never is', () => {
    for (const address of NEVER) {
      for (const allowed of [true, false]) {
        assert.throws(() => refuseAddress(address, allowed), AddressRefused, address);
      }
    }
    for (const address of PUBLIC) assert.doesNotThrow(() => refuseAddress(address, false), address);
  });

  it('is judged for each connection, whatever the name was resolved to before', async () => {
    const answers = ['8.8.8.8', '10.0.0.1'];
    const rebinding: LookupFunction = (_name, _options, callback) =>
      callback(null, [{ address: answers.shift() ?? '', family: 4 }]);
    const lookup = createLookup(false, rebinding);
    assert.equal(await lookUp(lookup, false), '8.8.8.8');
    await assert.rejects(lookUp(lookup, false), AddressRefused);
  });

  it('is refused when one of the addresses of a name is', async () => {
    const both: LookupFunction = (_name, _options, callback) =>
      callback(null, [
        { address: '8.8.8.8', family: 4 },
        { address: '192.168.0.1', family: 4 },
      ]);
    await assert.rejects(lookUp(createLookup(false, both), true), AddressRefused);
    assert.deepEqual(await lookUp(createLookup(true, both), true), [
      { address: '8.8.8.8', family: 4 },
      { address: '192.168.0.1', family: 4 },
    ]);
  });

  for (const transport of ['http', 'sse'] as const) {
    it(`is not connected to, however it is written (${transport})`, async () => {
      const fixture = await createFixture({ allowPrivateUrls: false });
      const server = await startRawServer(() => false);
      const hosts = [
        '127.0.0.1',
        '0x7f.1',
        '2130706433',
        'localhost',
        '[::ffff:127.0.0.1]',
        '127.1',
        '0.0.0.0',
      ];
      for (const host of hosts) {
        const { failures } = await fixture.open(remote(transport, `http://${host}:${server.port}/mcp`));
        assert.match(failures[0]?.error ?? '', /loopback or private|link-local or reserved/, host);
      }
      assert.deepEqual(server.seen, []);
      await fixture.close();
      await server.stop();
    });
  }
});
