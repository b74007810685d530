/**
 * What happens in the demo, step by step; the first thing that is not as it should be ends it.
 *
 * @module
 */

import { Administrator } from './administrator.ts';
import { castOf, forEach, type Cast } from './cast.ts';
import type { Children } from './child-process.ts';
import type { MemberProcess } from './member-process.ts';
import type { Report } from './report.ts';
import { DOMAIN, startServices, type Addresses } from './services.ts';

/** A demo under way. */
interface Stage {
  readonly report: Report;
  readonly cast: Cast;
  readonly addresses: Addresses;
  readonly conversation: string;
}

/** Plays the whole demo. @throws Error at the first thing that is not as it should be */
export async function play(
  options: { readonly members: number; readonly folder: string },
  children: Children,
  report: Report,
): Promise<void> {
  const secret = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('hex');
  const addresses = await report.step('three services listen, each in a process of its own', () =>
    startServices(children, options.folder, secret),
  );
  const cast = castOf(options.members, children, options.folder);
  const conversation = await gather(report, cast, { addresses, secret });
  const stage = { report, cast, addresses, conversation };
  await everybodyTalks(stage);
  await crashAndRecovery(stage);
  await removal(stage);
  await rotation(stage);
  await comparison(stage);
}

async function gather(
  report: Report,
  cast: Cast,
  setting: { readonly addresses: Addresses; readonly secret: string },
): Promise<string> {
  const { all, alice } = cast;
  const count = all.length;
  await report.step(`${count} devices start, each in a process of its own`, async (progress) => {
    const start = (member: MemberProcess): Promise<void> =>
      member.start(setting.addresses).then(() => progress.one(count));
    // The first one leaves behind what Node compiled, so that the others start faster.
    await start(alice);
    await forEach(all.slice(1), start);
  });
  const administrator = new Administrator(setting.addresses.authentication, setting.secret);
  await report.step(`${count} devices enrol and publish KeyPackages`, (progress) =>
    forEach(all, async (member) => {
      await member.do('enrol', await administrator.createCode(member.person.userName));
      await member.do('replenish');
      await member.do('start');
      progress.one(count);
    }),
  );
  administrator.close();
  const others = new Set(all.map(({ person }) => `mimi://${DOMAIN}/u/${person.userName}`));
  return report.step(`Alice creates a group and invites everybody with all devices`, async () => {
    const { conversation = '' } = await alice.do('create');
    await alice.do('invite', conversation, ...others);
    const rest = all.filter((member) => member !== alice);
    await Promise.all(rest.map((member) => member.until('joining', (events) => hasKind(events, 'joined'))));
    return conversation;
  });
}

const hasKind = (events: readonly Readonly<Record<string, string>>[], kind: string): boolean =>
  events.some((event) => event['kind'] === kind);

const hasMessages = (member: MemberProcess, texts: readonly string[]): Promise<void> =>
  member.until(`receiving ${texts.length} messages`, () => {
    const received = new Set(member.messages().map(({ text }) => text));
    return texts.every((text) => received.has(text));
  });

const greeting = (member: MemberProcess): string => `Hello from ${member.person.name}`;

async function everybodyTalks({ report, cast, conversation }: Stage): Promise<void> {
  const { all } = cast;
  await report.step('everybody sends and everybody receives', async (progress) => {
    await forEach(all, (member) => member.do('send', conversation, greeting(member)));
    await Promise.all(
      all.map(async (member) => {
        const fromOthers = all.filter((other) => other !== member).map(greeting);
        await hasMessages(member, fromOthers);
        progress.one(all.length);
      }),
    );
  });
  requireOneOrder(all);
}

/** Every member has to see what it sees in the order of the log. */
function requireOneOrder(members: readonly MemberProcess[]): void {
  for (const member of members) {
    const sequences = member.messages().map(({ sequence }) => sequence);
    if (sequences.some((sequence, index) => index > 0 && sequence <= (sequences[index - 1] ?? 0n))) {
      throw new Error(`${member.person.name} received messages out of order`);
    }
  }
}

async function crashAndRecovery({ report, cast, addresses, conversation }: Stage): Promise<void> {
  const { alice, bob, carol } = cast;
  const texts = Array.from({ length: 6 }, (_, index) => `While Carol is away ${index + 1}`);
  await report.step("Carol's process is killed (SIGKILL) in the middle of a conversation", async () => {
    await alice.do('send', conversation, 'Carol, are you there?');
    await hasMessages(carol, ['Carol, are you there?']);
    const sending = (async () => {
      for (const text of texts) await alice.do('send', conversation, text);
    })();
    await carol.kill();
    await sending;
    await bob.do('rotateKeys', conversation);
    await bob.do('send', conversation, 'New keys, Carol');
  });
  await report.step('Carol starts again from her state file and has missed nothing', async () => {
    await carol.start(addresses);
    await carol.do('start');
    await hasMessages(carol, [...texts, 'New keys, Carol']);
    await carol.do('send', conversation, 'Carol is back');
    await hasMessages(alice, ['Carol is back']);
  });
  requireOneOrder([carol]);
}

async function removal({ report, cast, addresses, conversation }: Stage): Promise<void> {
  const { alice, bob, carol, all } = cast;
  const epochBefore = (await bob.do('status', conversation))['epoch'];
  await bob.do('keepAccess', conversation, addresses.delivery);
  await report.step('Bob is removed', async () => {
    await alice.do('remove', conversation, `mimi://${DOMAIN}/u/bob`);
    await bob.until('learning of the removal', (events) => hasKind(events, 'removed'));
    await alice.do('send', conversation, 'Without Bob');
    const rest = all.filter((member) => member !== bob && member !== alice);
    await Promise.all([
      hasMessages(carol, ['Without Bob']),
      ...rest.map((m) => hasMessages(m, ['Without Bob'])),
    ]);
  });
  await report.step('Bob can neither read nor send any more', async () => {
    const refused = await failureOf(bob.do('send', conversation, 'Bob was here'));
    report.say(`          Bob's own client refuses to send: ${refused}`);
    const { newestEpoch, newestKind, writeOld, writeNew } = await bob.do('tryOldAccess');
    if (newestEpoch !== epochBefore) throw new Error(`Bob's old key opens epoch ${newestEpoch}`);
    if (newestKind !== 'LOG_ENTRY_KIND_COMMIT') throw new Error(`Bob reads on: ${newestKind}`);
    report.say(
      `          his old key opens the log up to the commit that removed him, which ended epoch ${newestEpoch}`,
    );
    if (writeOld !== 'conflict' || writeNew !== 'PERMISSION_DENIED PROOF_INVALID') {
      throw new Error(`the service answered Bob with ${writeOld} and ${writeNew}`);
    }
    report.say(`          the delivery service refuses what he sends with it: ${writeOld}, ${writeNew}`);
    if (bob.messages().some(({ text }) => text === 'Without Bob')) throw new Error('Bob can still read');
  });
}

async function failureOf(promise: Promise<unknown>): Promise<string> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  if (outcome === undefined) throw new Error('a removed member could send');
  return outcome;
}

async function rotation({ report, cast, conversation }: Stage): Promise<void> {
  const { carol, alice } = cast;
  await report.step('Carol updates her keys: a new epoch for everybody', async () => {
    const before = (await carol.do('status', conversation))['epoch'];
    await carol.do('rotateKeys', conversation);
    const after = (await carol.do('status', conversation))['epoch'];
    if (BigInt(after ?? 0) !== BigInt(before ?? 0) + 1n) throw new Error('the epoch did not move on');
    await carol.do('send', conversation, 'Everything is new');
    await hasMessages(alice, ['Everything is new']);
  });
}

async function comparison({ report, cast, conversation }: Stage): Promise<void> {
  const members = cast.all.filter((member) => member !== cast.bob);
  const found = await report.step('all members compare their epoch authenticators', async () => {
    await Promise.all(
      members.map((member) => hasMessages(member, member === cast.carol ? [] : ['Everything is new'])),
    );
    return Promise.all(members.map((member) => member.do('status', conversation)));
  });
  const [first] = found;
  for (const [index, { epoch, authenticator = '' }] of found.entries()) {
    if (index < 8)
      report.say(`          ${nameAt(members, index)} epoch ${epoch}  ${authenticator.slice(0, 32)}…`);
    if (authenticator !== first?.['authenticator'] || authenticator === '') {
      throw new Error(`${nameAt(members, index).trim()} has another epoch authenticator`);
    }
  }
  if (members.length > 8) report.say(`          … and ${members.length - 8} more, all the same`);
  report.say(`          ${members.length} members, ${first?.['members']} leaves, one epoch authenticator`);
}

function nameAt(members: readonly MemberProcess[], index: number): string {
  return (members[index]?.person.name ?? '').padEnd(15);
}
