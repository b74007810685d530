/**
 * What the page of results says in words. Figures come from the result alone.
 *
 * @module
 */

/** What the page begins with. */
export const introduction = `How long the operations of MLS take in Canopy, in the other MLS libraries on npm that can do the same work
offline, and at least: with nothing but the primitives that RFC 9420 demands (the floor). This page and its chart are
written by \`npm run bench -- --page\`; do not edit them. All figures are of one machine. On another one the times differ; the
factors differ less.`;

/** What stands above the summary. */
export const summaryWords = `Suite 1, warm tree: every member has committed since it was added (create group: fresh tree). Canopy's columns are its
median times on both of its back ends: \`node:crypto\`, which is always there, and \`sodium-native\`, which it uses in suites 1
and 3 where it is installed. "× floor" says how many times as long as the floor of the same back end that is. The columns of the
other libraries have their times and, in brackets, how many times faster Canopy as installed is.`;

/** How it was measured. */
export const method = `All libraries run in one process, one after another, on one set of groups:

- **Groups.** For each suite, kind of tree and number of members, Canopy builds a group. Three places in it are taken by live
  members of the measured library: A at the first leaf, B beside it (near) and C at the last leaf (far); with two members
  there are only A and B. All other members are puppets: they hold a place in the tree, and never answer. So each
  library works on a tree of the same shape, with the same messages around it, whatever it would have taken to build it.
- **Trees.** _warm_: every member has committed since it was added, no node is blank but at the edge. _fresh_: all were added by
  one commit and nobody has committed since. _unmerged_: nearly all leaves are unmerged in the nodes above them, which is the
  worst case for who verifies a tree.
- **Operations.** The one who creates a commit has it accepted and is in the next epoch when the clock stops; the one who
  processes ends in the next epoch, too. Handshake messages are PrivateMessages but where a library
  only has public ones (core-crypto). Messages are bytes at both ends: decoding and encoding are part of every
  time. "Commit 10 proposals" commits ten additions by reference. The epoch authenticators of the members are compared after each cycle; a library
  that has lost the group gives no figures.
- **Welcome.** The ratchet tree travels beside the Welcome, as services send it, and as Canopy, ts-mls and mls-ts have it: making a
  Welcome does not encode the tree, joining decodes it. core-crypto can have it only inside: there, encoding the tree is part
  of adding. External joins get a GroupInfo with the tree inside, from all.
- **Save and load.** "Save" encodes what a store has to be given since the last time: of Canopy the records that have changed, of ts-mls the
  whole state, of mls-ts everything that its store holds. core-crypto writes to its database in memory by itself, in each
  operation, and has no figure of its own. "Load" goes from those bytes to a member that can go on, keys imported or not as
  the library has it.
- **mls-ts** makes no commit but to add one member: its own three leaves stay unmerged in the warm tree, and it has no
  figure where it would need another commit.
- **Interleaved.** In a cycle every library has a turn with each operation, and the floor is run right after Canopy; then comes
  the next cycle. What slows the machine down for a while hits all alike.
- **Medians.** The first quarter of the runs, ten at most, is dropped as warm-up; of the others the median is taken. There are fewer
  cycles where an operation takes long. Before the turn of a library the young garbage of the one before it is collected: a
  library's own garbage belongs to its time, that of others does not.
- **Floor.** The primitives that RFC 9420 demands for the operation, once each, on the same back end as Canopy's row (the other
  libraries' JSON rows: on \`node:crypto\`), with inputs of the real sizes,
  with keys imported beforehand where a member can keep them: no codec, no tree, no checks but those of cryptography. Nothing
  on the same back end can be faster without leaving out a step. \`apps/bench/src/floor/README.md\` has the counts.
- **Bytes.** Sizes are those of the real messages. Memory is what one more member's state takes on the heap and beside it,
  after garbage collection, divided by the number of members.`;

/** What stands above the targets. */
export const targetWords = `Each operation has aims in suite 1: how many times faster than the stable ts-mls it has to be, how many times as long
as the floor of its back end it may take, and how much longer than with a tenth of the members. An aim is met when Canopy as
installed meets it: on \`sodium-native\` where that was measured. What each back end found stands beside it, and what was
missed is said here as well.`;

/** What stands above the full tables. */
export const fullWords = `Canopy's median times, how many times as long as the floor, and for each other library its median time and, in brackets, how
many times faster Canopy as installed is. A dash: not measured; the list below says why.`;

/** How to get figures of one's own. */
export const howToRun = `\`\`\`sh
npm install
npm run bench -- --quick          # suite 1, 2 and 100 members, about two minutes
npm run bench                     # all of it
npm run bench -- --json out.json  # keeps the figures
npm run bench -- --help           # everything else
\`\`\`

The other libraries are not dependencies of Canopy: the first run installs them, in exact versions, into a folder of the
benchmark. Without a network the run goes on without them.`;
