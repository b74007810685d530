/**
 * Counts calls: rate, errors and duration per method, open streams, and what came of the calls.
 *
 * The names of gRPC's metrics are those that its other servers use, so that existing dashboards and alerts fit.
 *
 * @module
 */
import { Counter, Gauge, Histogram } from 'prom-client';
import { processMetrics, SECONDS } from './metrics.ts';

/** The kinds of calls, in the words of these metrics. */
export type CallType = 'unary' | 'bidi_stream';

/** Counts one call. */
export interface CallMeter {
  received(): void;
  /** Counts a response, and the case of the result in it. */
  sent(response: unknown): void;
  /** The reader of a stream did not take more, for so many seconds. */
  paused(seconds: number): void;
  /** Counts the end, by the name of its status. */
  ended(code: string): void;
}

const registers = [processMetrics.registry];
const METHOD = ['grpc_type', 'grpc_service', 'grpc_method'] as const;

const started = new Counter({
  name: 'grpc_server_started_total',
  help: 'Calls that began',
  labelNames: METHOD,
  registers,
});
const handled = new Counter({
  name: 'grpc_server_handled_total',
  help: 'Calls that ended, by status',
  labelNames: [...METHOD, 'grpc_code'],
  registers,
});
const handling = new Histogram({
  name: 'grpc_server_handling_seconds',
  help: 'Time from the request of a unary call to its answer',
  labelNames: METHOD,
  buckets: [...SECONDS],
  registers,
});
const messagesReceived = new Counter({
  name: 'grpc_server_msg_received_total',
  help: 'Messages that callers sent',
  labelNames: METHOD,
  registers,
});
const messagesSent = new Counter({
  name: 'grpc_server_msg_sent_total',
  help: 'Messages that callers were sent',
  labelNames: METHOD,
  registers,
});
const openStreams = new Gauge({
  name: 'canopy_open_streams',
  help: 'Streams that are open',
  labelNames: ['grpc_method'] as const,
  registers,
});
const pauses = new Histogram({
  name: 'canopy_stream_pause_seconds',
  help: 'Times that a stream waited for its reader to take more',
  labelNames: ['grpc_method'] as const,
  buckets: [...SECONDS],
  registers,
});
const outcomes = new Counter({
  name: 'canopy_outcomes_total',
  help: 'What came of calls and of requests in streams: the case of the result in the response',
  labelNames: ['grpc_method', 'outcome'] as const,
  registers,
});

/** Begins to count a call of the method with that path, `/package.Service/Method`. */
export function meterCall(path: string, type: CallType): CallMeter {
  const series = seriesOf(path, type);
  const begin = performance.now();
  series.started.inc();
  if (type === 'bidi_stream') {
    series.open.inc();
  }
  return {
    received: () => series.received.inc(),
    sent(response) {
      series.sent.inc();
      for (const [outcome, count] of tally(outcomesOf(response))) {
        outcomes.inc({ grpc_method: series.labels.grpc_method, outcome }, count);
      }
    },
    paused: (seconds) => series.pauses.observe(seconds),
    ended(code) {
      handled.inc({ ...series.labels, grpc_code: code });
      if (type === 'bidi_stream') {
        series.open.dec();
      } else {
        series.handling.observe((performance.now() - begin) / 1_000);
      }
    },
  };
}

type Series = ReturnType<typeof createSeries>;

// One entry a served method: paths that nobody serves do not come here.
const known = new Map<string, Series>();

function seriesOf(path: string, type: CallType): Series {
  const series = known.get(path) ?? createSeries(path, type);
  known.set(path, series);
  return series;
}

function createSeries(path: string, type: CallType) {
  const [, service = '', method = ''] = path.split('/');
  const labels = { grpc_type: type, grpc_service: service, grpc_method: method };
  const byMethod = { grpc_method: method };
  return {
    labels,
    started: started.labels(labels),
    handling: handling.labels(labels),
    received: messagesReceived.labels(labels),
    sent: messagesSent.labels(labels),
    open: openStreams.labels(byMethod),
    pauses: pauses.labels(byMethod),
  };
}

/** Responses with an outcome for each of several things have them in a field of this name. */
const SEVERAL = ['results', 'devices'] as const;

const NONE: readonly string[] = [];

/**
 * Finds the case of the `oneof result` that the contract has for expected outcomes: of the response, of each of its parts, or
 * in a stream of what is answered. All of these are words of the contract.
 */
function outcomesOf(response: unknown): readonly string[] {
  const result = caseOf(read(response, 'result'));
  if (result !== undefined) {
    return [result];
  }
  const oneof = read(response, 'response');
  const answer = caseOf(oneof);
  if (answer !== undefined) {
    const value = read(oneof, 'value');
    const answers = read(value, 'answers');
    return (Array.isArray(answers) ? answers : [value]).map((each: unknown) => {
      const inner = caseOf(read(read(each, 'response'), 'result'));
      return inner === undefined ? answer : `${answer}.${inner}`;
    });
  }
  const parts = SEVERAL.map((name) => read(response, name)).find((value) => Array.isArray(value));
  return parts === undefined ? NONE : parts.flatMap((part: unknown) => caseOf(read(part, 'result')) ?? NONE);
}

/** Counting is dear: what is there many times is counted at once. */
function tally(words: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) {
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

function caseOf(oneof: unknown): string | undefined {
  const name = read(oneof, '$case');
  return typeof name === 'string' ? name : undefined;
}

function read(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
