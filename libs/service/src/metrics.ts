/**
 * Metrics for Prometheus whose labels are words of a fixed list: no label can grow, and none can hold an identity.
 *
 * @module
 */
import {
  Counter as PrometheusCounter,
  Gauge as PrometheusGauge,
  Histogram as PrometheusHistogram,
  Registry,
} from 'prom-client';

/** The labels of a metric, each with all the words that it may have. */
export type LabelWords = Readonly<Record<string, readonly string[]>>;

/** One word for each label. */
export type LabelsOf<Words extends LabelWords> = { readonly [Name in keyof Words]: Words[Name][number] };

/** What every metric says about itself. */
export interface MetricOptions<Words extends LabelWords> {
  /** `canopy_<what>_<unit>`; a counter ends in `_total`. */
  readonly name: string;
  readonly help: string;
  readonly labels: Words;
}

/** Something that is counted. */
export interface Counter<Words extends LabelWords> {
  add(labels: LabelsOf<Words>, amount?: number): void;
}

/** Something that goes up and down. */
export interface Gauge<Words extends LabelWords> {
  set(labels: LabelsOf<Words>, value: number): void;
  add(labels: LabelsOf<Words>, amount: number): void;
}

/** Something whose distribution matters: times in seconds, sizes, numbers of things. */
export interface Histogram<Words extends LabelWords> {
  observe(labels: LabelsOf<Words>, value: number): void;
}

/** Bounds of times, in seconds: half a millisecond to ten seconds. */
export const SECONDS: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

const NAME = /^canopy_[a-z]+(_[a-z]+)*$/;
const MAX_SERIES = 1_000;

/** The metrics of a process. */
export class Metrics {
  /** Where the kit's own metrics are, whose labels come from the served contracts. */
  readonly registry = new Registry();

  /** Adds a counter; every series of it begins at 0. @throws {TypeError} when the name is taken or not such a name. */
  counter<const Words extends LabelWords>(options: MetricOptions<Words>): Counter<Words> {
    if (!options.name.endsWith('_total')) {
      throw new TypeError(`the name of a counter ends in _total: ${options.name}`);
    }
    const counter = new PrometheusCounter(this.#settings(options));
    for (const labels of seriesOf(options)) {
      counter.inc(labels, 0);
    }
    return { add: (labels, amount = 1) => counter.inc({ ...labels }, amount) };
  }

  /** Adds a gauge; every series of it begins at 0. @throws {TypeError} when the name is taken or not such a name. */
  gauge<const Words extends LabelWords>(options: MetricOptions<Words>): Gauge<Words> {
    const gauge = new PrometheusGauge(this.#settings(options));
    for (const labels of seriesOf(options)) {
      gauge.set(labels, 0);
    }
    return {
      set: (labels, value) => gauge.set({ ...labels }, value),
      add: (labels, amount) => gauge.inc({ ...labels }, amount),
    };
  }

  /** Adds a histogram with the upper bounds of its buckets. @throws {TypeError} when the name is taken or not such a name. */
  histogram<const Words extends LabelWords>(
    options: MetricOptions<Words> & { readonly bounds: readonly number[] },
  ): Histogram<Words> {
    const histogram = new PrometheusHistogram({ ...this.#settings(options), buckets: [...options.bounds] });
    for (const labels of seriesOf(options)) {
      histogram.zero(labels);
    }
    return { observe: (labels, value) => histogram.observe({ ...labels }, value) };
  }

  /** All metrics in the text format of Prometheus. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  #settings({ name, help, labels }: MetricOptions<LabelWords>): PrometheusSettings {
    if (!NAME.test(name)) {
      throw new TypeError(`no name of a metric: ${name}`);
    }
    if (this.registry.getSingleMetric(name) !== undefined) {
      throw new TypeError(`there is such a metric already: ${name}`);
    }
    return { name, help, labelNames: Object.keys(labels), registers: [this.registry] };
  }
}

/** The metrics of this process: the kit counts every call here, and services add their own. */
export const processMetrics = new Metrics();

interface PrometheusSettings {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
  readonly registers: Registry[];
}

/** Every combination of the words. */
function seriesOf({ name, labels }: MetricOptions<LabelWords>): readonly Record<string, string>[] {
  let series: readonly Record<string, string>[] = [{}];
  for (const [label, words] of Object.entries(labels)) {
    series = series.flatMap((others) => words.map((word) => ({ ...others, [label]: word })));
    if (series.length > MAX_SERIES) {
      throw new TypeError(`too many series: ${name}`);
    }
  }
  return series;
}
