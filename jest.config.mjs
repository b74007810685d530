export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  testMatch: ['**/test/**/*.test.ts'],
  testTimeout: 60_000,
  reporters: [
    'default',
    new URL('./tools/count-reporter.cjs', import.meta.url).pathname,
    new URL('./tools/conformance-reporter.cjs', import.meta.url).pathname,
  ],
  transform: { '\\.ts$': new URL('./tools/strip-types.cjs', import.meta.url).pathname },
};
