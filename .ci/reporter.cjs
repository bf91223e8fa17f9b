// Mocha's spec reporter; it also writes the files that hold a failed test, one a line, into the file $FAILED_FILES.
const { writeFileSync } = require('node:fs');
const {
  reporters: { Spec },
  Runner: { constants },
} = require('mocha');

module.exports = class SpecAndFiles extends Spec {
  constructor(runner, options) {
    super(runner, options);
    const files = new Set();
    runner.on(constants.EVENT_TEST_FAIL, (failed) => {
      files.add(failed.file ?? '');
      if (process.env.FAILED_FILES) writeFileSync(process.env.FAILED_FILES, [...files].join('\n'));
    });
  }
};
