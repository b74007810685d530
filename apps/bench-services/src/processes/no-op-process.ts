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

const ACCEPTED = {
  result: { $case: 'accepted', value: { sequence: 1n, alreadyAccepted: false } },
} as const;

/** The streams that asked for a group: for any, as there is only one. */
const readers = new Set<BareStream>();

function bareStream(stream: BareStream): void {
  stream.on('data', ({ request }: delivery.SubscribeRequest) => {
    if (request?.$case === 'group') {
      readers.add(stream);
      stream.write({ response: { $case: 'live', value: { groupId: new Uint8Array() } } });
    }
    if (request?.$case === 'sendMessage') pass(request.value.request?.message ?? new Uint8Array(), stream);
  });
  const gone = (): void => void readers.delete(stream);
  stream.on('cancelled', gone);
  stream.on('end', gone);
  stream.on('error', gone);
}

function pass(message: Uint8Array, sender: BareStream): void {
  const { groupId, epoch, requestId, mlsMessage } = delivery.GroupMessage.decode(message);
  sender.write({ response: { $case: 'sendAnswer', value: { requestId, response: ACCEPTED } } });
  if (readers.size === 0) return;
  const entry = { ...delivery.LogEntry.decode(new Uint8Array()), sequence: 1n, epoch, mlsMessage };
  const response: delivery.SubscribeResponse = {
    response: { $case: 'entries', value: { groupId, entries: [entry] } },
  };
  for (const reader of readers) reader.write(response);
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
