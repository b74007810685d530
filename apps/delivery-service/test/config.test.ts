import { describeConfig } from '@canopy/service';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { deliverySettings, readDeliveryConfig } from '../src/config.ts';

const good = {
  CANOPY_DOMAIN: 'example.com',
  CANOPY_AUTHENTICATION_SERVICE: '127.0.0.1:7001',
  CANOPY_DATA: '/tmp',
};

describe('the configuration', () => {
  it('has defaults for everything but domain, authentication service and data folder', () => {
    expect(readDeliveryConfig(good)).toMatchObject({
      domain: 'example.com',
      maxPastEpochs: 3,
      proofTolerance: 120_000,
    });
    expect(() => readDeliveryConfig({})).toThrow(
      /CANOPY_DOMAIN[^]*CANOPY_AUTHENTICATION_SERVICE[^]*CANOPY_DATA/,
    );
  });

  it('refuses limits with which an accepted entry could not be sent to its readers', () => {
    const bundle = { ...good, CANOPY_MAX_BUNDLE_BYTES: '8000000' };
    expect(() => readDeliveryConfig(bundle)).toThrow('CANOPY_MAX_BUNDLE_BYTES is 8000000');
    expect(() => readDeliveryConfig({ ...bundle, CANOPY_MAX_MESSAGE_BYTES: '16000000' })).not.toThrow();
    expect(() => readDeliveryConfig({ ...good, CANOPY_PAGE_BYTES: '4180000' })).toThrow('CANOPY_PAGE_BYTES');
  });

  it('tells of limits that do not fit beside other faults', () => {
    const faulty = { ...good, CANOPY_PORT: 'http', CANOPY_MAX_BUNDLE_BYTES: '8000000' };
    expect(() => readDeliveryConfig(faulty)).toThrow(/CANOPY_PORT[^]*CANOPY_MAX_BUNDLE_BYTES is 8000000/);
  });

  it('stands in the README as it is', () => {
    const readme = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8').replaceAll(/ +/g, ' ');
    const rows = describeConfig(deliverySettings).split('\n').slice(2);
    for (const row of rows) {
      expect(readme).toContain(row.replaceAll(/ +/g, ' '));
    }
  });
});
