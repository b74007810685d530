import type { LeftOut, OperationName, SizeName, TreeKind } from '../../src/operations.ts';
import { createCanopy } from '../../src/peers/canopy.ts';
import type { Peer, PeerClient, PeerMember } from '../../src/peers/peer.ts';
import { runScenario } from '../../src/scenario/run-scenario.ts';
import type { Found, Sample, ScenarioOptions, Setting } from '../../src/scenario/scenario.ts';

const canopy = createCanopy('node');

/** What a run found, sorted. */
export interface Findings {
  readonly samples: readonly Sample[];
  readonly leftOut: readonly LeftOut[];
  readonly all: readonly Found[];
}

/** Plays a scenario. */
export async function play(
  settings: readonly Setting[],
  options: Partial<ScenarioOptions> = {},
): Promise<Findings> {
  const all: Found[] = [];
  const complete = {
    canopies: [canopy],
    peers: [],
    settings,
    secondsPerLibrary: 60,
    maximumSeconds: 60,
    ...options,
  };
  for await (const found of runScenario(complete)) all.push(found);
  return {
    all,
    samples: all.flatMap((found) => (found.kind === 'sample' ? [found.sample] : [])),
    leftOut: all.flatMap((found) => (found.kind === 'left-out' ? [found.leftOut] : [])),
  };
}

/** Makes a setting with all trees. */
export function settingOf(members: number, more: Partial<Setting> = {}): Setting {
  return { suite: 1, members, trees: ['fresh', 'warm', 'unmerged'], players: 'all', cycles: 1, ...more };
}

/** Lists what was measured of a library, each once. */
export function measuredOf(samples: readonly Sample[], peer: string): readonly string[] {
  const names = samples
    .filter((one) => one.peer.startsWith(peer))
    .map(({ tree, operation }) => `${tree} ${operation}`);
  return [...new Set(names)].toSorted();
}

/** Names what is measured in a tree. */
export function inTree(tree: TreeKind, operations: readonly (OperationName | SizeName)[]): readonly string[] {
  return operations.map((operation) => `${tree} ${operation}`);
}

/** Changes what the clients and members of Canopy do, under another name. */
export interface Changed {
  readonly client?: (client: PeerClient) => Partial<PeerClient>;
  readonly member?: (member: PeerMember) => Partial<PeerMember>;
}

/** Makes a library that is Canopy but for what is changed. */
export function changedPeer(name: string, { client, member }: Changed): Peer {
  const wrapMember = (own: PeerMember): PeerMember => ({ ...methodsOf(own), ...member?.(own) });
  return {
    ...canopy,
    name,
    async createClient(suite, identity) {
      const own = await canopy.createClient(suite, identity);
      return {
        createKeyPackage: () => own.createKeyPackage(),
        createGroup: async (groupId) => wrapMember(await own.createGroup(groupId)),
        join: async (welcome, tree) => wrapMember(await own.join(welcome, tree)),
        async joinExternally(groupInfo) {
          const joined = await own.joinExternally(groupInfo);
          return { ...joined, member: wrapMember(joined.member) };
        },
        ...client?.(own),
      };
    },
  };
}

function methodsOf(member: PeerMember): PeerMember {
  return {
    commit: (changes) => member.commit(changes),
    process: (message) => member.process(message),
    proposeAdd: (keyPackage) => member.proposeAdd(keyPackage),
    protect: (data) => member.protect(data),
    ratchetTree: () => member.ratchetTree(),
    groupInfo: () => member.groupInfo(),
    save: () => member.save(),
    load: () => member.load(),
    epochAuthenticator: () => member.epochAuthenticator(),
  };
}
