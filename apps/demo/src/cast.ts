/**
 * Who plays: Alice on two devices, Bob, Carol, and as many others as were asked for.
 *
 * @module
 */

import { join } from 'node:path';
import type { Children } from './child-process.ts';
import { MemberProcess, type Person } from './member-process.ts';

/** All members, and those with a part of their own. */
export interface Cast {
  readonly all: readonly MemberProcess[];
  readonly alice: MemberProcess;
  readonly bob: MemberProcess;
  readonly carol: MemberProcess;
}

/** Casts as many devices as were asked for; nobody is started yet. */
export function castOf(count: number, children: Children, folder: string): Cast {
  const member = (name: string, userName: string): MemberProcess =>
    createMember({ name, userName }, children, folder);
  const alice = member("Alice's phone", 'alice');
  const laptop = member("Alice's laptop", 'alice');
  const bob = member('Bob', 'bob');
  const carol = member('Carol', 'carol');
  const others = Array.from({ length: count - 4 }, (_, index) => {
    const number = String(index + 5).padStart(2, '0');
    return member(`member ${number}`, `member-${number}`);
  });
  return { all: [alice, laptop, bob, carol, ...others], alice, bob, carol };
}

function createMember(person: Person, children: Children, folder: string): MemberProcess {
  const file = `${person.name.replaceAll(/[^A-Za-z0-9]+/g, '-')}.sqlite`;
  return new MemberProcess(person, children, join(folder, file));
}

/** Does something for each member, a few at a time. */
export async function forEach(
  members: readonly MemberProcess[],
  act: (member: MemberProcess) => Promise<unknown>,
  atOnce = 6,
): Promise<void> {
  const waiting = [...members];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await act(next);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}
