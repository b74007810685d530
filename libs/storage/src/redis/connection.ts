/**
 * A connection to one Redis or to a Redis Cluster, and the scripts that are run on it.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { StorageError } from '../errors.ts';

/** Keys and arguments of a script; all keys are in one slot. */
export interface ScriptCall {
  readonly keys: readonly string[];
  readonly arguments: readonly (string | Uint8Array)[];
}

/** The script and the hash that Redis knows it by. */
export interface Script {
  readonly source: string;
  readonly sha1: string;
}

/** What the stores need of a client; strings in replies are bytes. */
export interface RedisConnection {
  /** Runs a script, as one atomic step. */
  run(script: Script, call: ScriptCall): Promise<unknown>;
  /** Adds a member to a set that is kept in order of its members. */
  addSorted(key: string, member: string): Promise<void>;
  /** Reads the first members of such a set. */
  firstSorted(key: string, limit: number): Promise<readonly string[]>;
  isHealthy(): Promise<boolean>;
  close(): void;
}

/** The commands that node-redis offers alike for one Redis and for a cluster. */
interface Commands {
  evalSha(sha1: string, options: EvalOptions): Promise<unknown>;
  eval(source: string, options: EvalOptions): Promise<unknown>;
  zAdd(key: string, member: { score: number; value: string }): Promise<unknown>;
  zRange(key: string, first: number, last: number): Promise<readonly Buffer[]>;
}

type EvalOptions = { keys: string[]; arguments: (string | Buffer)[] };

// Without a connection a command fails at once: waiting in a queue is the caller's decision.
const FAIL_FAST = { disableOfflineQueue: true, commandsQueueMaxLength: 10_000 } as const;

/** Reads a script from the folder beside this file. */
export function loadScript(name: string): Script {
  const source = readFileSync(new URL(`./scripts/${name}.lua`, import.meta.url), 'utf8');
  return { source, sha1: createHash('sha1').update(source).digest('hex') };
}

/** Connects to one Redis. The package is loaded only here: with SQLite alone a process starts without it. */
export async function connectSingle(url: string, timeoutMs: number): Promise<RedisConnection> {
  const { createClient, RESP_TYPES } = await import('redis');
  const client = createClient({ url, ...FAIL_FAST });
  // Connections are made again by the client; whether that works shows in the commands.
  client.on('error', () => {});
  await inTime(client.connect(), timeoutMs, () => client.destroy());
  const ping = (): Promise<unknown> => client.ping();
  return connection(client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }), timeoutMs, {
    ping,
    close: () => client.destroy(),
  });
}

/** Connects to a Redis Cluster through any of its nodes. */
export async function connectCluster(urls: readonly string[], timeoutMs: number): Promise<RedisConnection> {
  const { createCluster, RESP_TYPES } = await import('redis');
  const cluster = createCluster({ rootNodes: urls.map((url) => ({ url })), defaults: FAIL_FAST });
  cluster.on('error', () => {});
  await inTime(cluster.connect(), timeoutMs, () => cluster.destroy());
  const ping = (): Promise<unknown> =>
    cluster.sendCommand('canopy:health', false, ['EXISTS', 'canopy:health']);
  return connection(cluster.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }), timeoutMs, {
    ping,
    close: () => cluster.destroy(),
  });
}

function connection(
  commands: Commands,
  timeoutMs: number,
  node: { ping(): Promise<unknown>; close(): void },
): RedisConnection {
  return {
    run: (script, call) => inTime(runScript(commands, script, call), timeoutMs),
    addSorted: async (key, value) => {
      await inTime(commands.zAdd(key, { score: 0, value }), timeoutMs);
    },
    firstSorted: async (key, limit) => {
      if (limit <= 0) return [];
      const members = await inTime(commands.zRange(key, 0, limit - 1), timeoutMs);
      return members.map((member) => member.toString('utf8'));
    },
    isHealthy: () =>
      inTime(node.ping(), timeoutMs).then(
        () => true,
        () => false,
      ),
    close: () => node.close(),
  };
}

async function runScript(commands: Commands, script: Script, call: ScriptCall): Promise<unknown> {
  const options = { keys: [...call.keys], arguments: call.arguments.map(toArgument) };
  try {
    return await commands.evalSha(script.sha1, options);
  } catch (error) {
    // The node was restarted or is new, and has not seen the script.
    if (String(error).includes('NOSCRIPT')) return await commands.eval(script.source, options);
    throw error;
  }
}

function toArgument(argument: string | Uint8Array): string | Buffer {
  if (typeof argument === 'string') return argument;
  return Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength);
}

/** Ends waiting after a time: a Redis that hangs would be waited for without end. The step may have taken effect then. */
async function inTime<T>(reply: Promise<T>, timeoutMs: number, onFailure?: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([reply, late]);
  } catch (cause) {
    onFailure?.();
    throw new StorageError('UNAVAILABLE', 'Redis cannot be reached or refuses', { cause });
  } finally {
    clearTimeout(timer);
  }
}
