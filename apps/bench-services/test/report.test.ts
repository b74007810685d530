import { describe, expect, it } from '@jest/globals';
import { rateOf, Samples, type Figures } from '../src/figures.ts';
import { judge, report } from '../src/report.ts';

function figures(rate: number, serverUs: number, loaderShare = 0.5): Figures {
  return { count: rate * 2, seconds: 2, p50Ms: 1.234, p99Ms: 20, loaderShare, serverUs };
}

describe('the samples of a load', () => {
  it('give the time that a share of all did not exceed', () => {
    const samples = new Samples();
    for (let time = 100; time >= 1; time -= 1) samples.add(time);
    expect([samples.count, samples.percentile(0.5), samples.percentile(0.99)]).toEqual([100, 51, 100]);
  });

  it('are none at the beginning', () => {
    expect([new Samples().count, new Samples().percentile(0.99)]).toEqual([0, 0]);
  });
});

describe('the aims', () => {
  it('are met by the ratio of the rates, in one run and on one store', () => {
    const measured = {
      'no-op-call': figures(1_000, 100),
      'append-call': figures(599, 150),
      'append-stream': figures(10_000, 20),
    };
    expect(rateOf(measured['append-call'])).toBe(599);
    expect(judge({ store: 'sqlite', figures: measured })).toMatchObject([
      { name: 'unary append : no-op call', ratio: 0.599, cpuRatio: 100 / 150, least: 0.6, met: false },
      { name: 'stream append : no-op call', ratio: 10, cpuRatio: 5, least: 10, met: true },
    ]);
  });

  it('of a flat cost are met by what it costs the service, whatever else the machine did meanwhile', () => {
    const measured = { 'append-log-0': figures(1_000, 50), 'append-log-10000': figures(500, 60) };
    expect(judge({ store: 'redis', figures: measured })).toMatchObject([
      { ratio: 0.5, cpuRatio: 50 / 60, by: 'cost', least: 0.8, met: true },
    ]);
  });

  it('are not judged where one side failed or was left out', () => {
    const measured = { 'append-call': figures(600, 1), 'no-op-call': 'failed: it broke' } as const;
    expect(judge({ store: 'sqlite', figures: measured })).toEqual([]);
  });
});

describe('the report', () => {
  it('has a row for each case, says what failed, and where the load generator was busy', () => {
    const text = report([
      { store: 'redis', figures: { 'append-call': figures(600, 150, 0.95), token: 'failed: it broke' } },
    ]);
    expect(text).toContain('## On redis');
    expect(text).toMatch(/^\| append-call +\| 600 +\| 1\.2 +\| 20 +\| 150 +\| 95 % \(busy\) +\|$/m);
    expect(text).toMatch(/^\| token +\| failed: it broke/m);
  });
});
