/**
 * What the services are measured beside: a call of the same kit that does nothing, and a bare stream without the kit. Both
 * take the same messages and give the same answers as the Delivery Service.
 *
 * @module
 */
import { delivery } from '@canopy/contract';
import {
  anonymous,
  bindService,
  createLogger,
  readConfig,
  runMain,
  runService,
  serverSettings,
  unary,
} from '@canopy/service';
import type { ServerDuplexStream } from '@grpc/grpc-js';

type BareStream = ServerDuplexStream<delivery.SubscribeRequest, delivery.SubscribeResponse>;

const NOTHING = new Uint8Array();

const ACCEPTED = {
  result: { $case: 'accepted', value: { sequence: 1n, alreadyAccepted: false } },
} as const;

/** The streams that follow each group. */
const readers = new Map<string, Set<BareStream>>();

function bareStream(stream: BareStream): void {
  stream.on('data', ({ request }: delivery.SubscribeRequest) => {
    if (request?.$case === 'group') follow(request.value.query, stream);
    if (request?.$case === 'sendMessage') pass(request.value.request?.message ?? NOTHING, stream);
  });
  const gone = (): void => readers.forEach((streams) => streams.delete(stream));
  stream.on('cancelled', gone);
  stream.on('end', gone);
  stream.on('error', gone);
}

function follow(query: Uint8Array, stream: BareStream): void {
  const { groupId } = delivery.GroupQuery.decode(query);
  const streams = readers.get(keyOf(groupId)) ?? new Set();
  readers.set(keyOf(groupId), streams.add(stream));
  stream.write({ response: { $case: 'live', value: { groupId } } });
}

/** Answers, and tells those who follow the group; not the sender, whose answer says the same. */
function pass(message: Uint8Array, sender: BareStream): void {
  const { groupId, epoch, requestId, mlsMessage } = delivery.GroupMessage.decode(message);
  sender.write({ response: { $case: 'sendAnswer', value: { requestId, response: ACCEPTED } } });
  const entry = { ...delivery.LogEntry.decode(NOTHING), sequence: 1n, epoch, mlsMessage };
  const response: delivery.SubscribeResponse = {
    response: { $case: 'entries', value: { groupId, entries: [entry] } },
  };
  for (const reader of readers.get(keyOf(groupId)) ?? []) if (reader !== sender) reader.write(response);
}

function keyOf(groupId: Uint8Array): string {
  return Buffer.from(groupId).toString('latin1');
}

await runMain(async () => {
  const config = readConfig(serverSettings, process.env);
  const log = createLogger({ service: 'no-op', level: config.logLevel });
  const { sendMessage, subscribe } = delivery.DeliveryServiceService;
  const service = bindService(
    { sendMessage, subscribe },
    {
      sendMessage: unary({ authenticate: anonymous, log }, () => Promise.resolve(ACCEPTED)),
      subscribe: (stream) => bareStream(stream),
    },
  );
  await runService({ name: 'no-op', config, log, services: [service] });
});
