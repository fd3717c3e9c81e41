/**
 * Mocha's usual report, and the result of each rule as JSON in the file that the option `file` names. A rule's test
 * is titled with its id; its sections are those of test/conformance/rule.ts.
 */
const { writeFileSync } = require('node:fs');
const { reporters, Runner } = require('mocha');

module.exports = class Conformance extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const results = new Map();
    const note = (result) => (test) => results.set(test.title.split(' ')[0], result);
    runner.on(Runner.constants.EVENT_TEST_PASS, note('proved'));
    runner.on(Runner.constants.EVENT_TEST_FAIL, note('failed'));
    this.results = results;
    this.file = options.reporterOptions.file;
  }

  /** Called by mocha after the run; the rules are written in TypeScript, which the run has learned to load. */
  done(failures, finish) {
    import('../test/conformance/rule.ts')
      .then(({ SECTIONS }) => {
        const sections = SECTIONS.map((section) => ({
          title: section.title,
          rules: Object.entries(section.rules).map(([id, text]) => ({
            id,
            text,
            result: this.results.get(id) ?? 'no run',
          })),
        }));
        writeFileSync(this.file, JSON.stringify(sections));
      })
      .finally(() => finish(failures));
  }
};
