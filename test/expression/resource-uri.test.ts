import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { readUriTemplate, uriFault } from '../../expression/resource-uri.ts';

describe('the URI of a resource', () => {
  it('is unsafe when it leads up, however that is encoded', () => {
    for (const uri of [
      'a://b/../c',
      'a:..',
      'a://b/%2e%2e/c',
      'a://b/.%2E%2Fc',
      'a://b\\..',
      'a://b?x=../c',
    ]) {
      assert.equal(uriFault(uri), 'traversal', uri);
    }
    const often = Array.from({ length: 9 }).reduce<string>(
      (text) => text.replaceAll('%', '%25'),
      'a://%2e%2e/',
    );
    assert.equal(uriFault(often), 'traversal');
    assert.equal(uriFault('a://%ff%2f%2e%2e/'), 'traversal');
  });

  it('is unsafe with control characters in it, however they are encoded', () => {
    for (const uri of ['a://\n', 'a://%00', 'a://%250d', 'a://\u2028', 'a://%C2%85', 'a://%ff%0a']) {
      assert.equal(uriFault(uri), 'control', JSON.stringify(uri));
    }
  });

  it('is safe otherwise', () => {
    for (const uri of [
      'repo://a/b..c/...',
      'a://b/./c',
      'a://%E2%9C%93/%20',
      'https://x/y?z=1#w',
      'a://100%',
    ]) {
      assert.equal(uriFault(uri), null, uri);
    }
  });

  it('has placeholders, and braces that are none', () => {
    assert.deepEqual(readUriTemplate('repo://{a}/{b c}/{a}'), {
      placeholders: ['a', 'b c'],
      stray: null,
      fixed: 'repo://x/x/x',
    });
    assert.equal(readUriTemplate('repo://{a').stray, '{');
    assert.equal(readUriTemplate('repo://{}').stray, '{');
    assert.equal(readUriTemplate('repo://a}').stray, '}');
  });
});
