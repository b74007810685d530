import { describe, expect, it } from '@jest/globals';

import { getCipherSuite } from '../../src/index.ts';
import { SUITES_BY_BACK_END } from '../back-ends.ts';
import { hex, toHex } from '../seeded.ts';

const INFO = '4f6465206f6e2061204772656369616e2055726e';
const PLAINTEXT = '4265617574792069732074727574682c20747275746820626561757479';
const AAD = '436f756e742d30';
const EXPORTER_CONTEXTS = ['', '00', '54657374436f6e74657874'];

// Base mode, message 0, from the published test vectors of RFC 9180 (Appendix A and its machine-readable file).
// They have none for the suites 6 and 7; the MLS vectors cover those.
const VECTORS = [
  {
    title: 'A.1.1: X25519, HKDF-SHA256, AES-128-GCM',
    suite: 1,
    ikmE: '7268600d403fce431561aef583ee1613527cff655c1343f29812e66706df3234',
    ikmR: '6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037',
    skRm: '4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8',
    pkRm: '3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d',
    enc: '37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431',
    ct: 'f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a',
    exported: [
      '3853fe2b4035195a573ffc53856e77058e15d9ea064de3e59f4961d0095250ee',
      '2e8f0b54673c7029649d4eb9d5e33bf1872cf76d623ff164ac185da9e88c21a5',
      'e9e43065102c3836401bed8c3c3c75ae46be1639869391d62c61f1ec7af54931',
    ],
  },
  {
    title: 'A.2.1: X25519, HKDF-SHA256, ChaCha20-Poly1305',
    suite: 3,
    ikmE: '909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b',
    ikmR: '1ac01f181fdf9f352797655161c58b75c656a6cc2716dcb66372da835542e1df',
    skRm: '8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb',
    pkRm: '4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a',
    enc: '1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a',
    ct: '1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28',
    exported: [
      '4bbd6243b8bb54cec311fac9df81841b6fd61f56538a775e7c80a9f40160606e',
      '8c1df14732580e5501b00f82b10a1647b40713191b7c1240ac80e2b68808ba69',
      '5acb09211139c43b3090489a9da433e8a30ee7188ba8b0a9a1ccf0c229283e53',
    ],
  },
  {
    title: 'A.3.1: P-256, HKDF-SHA256, AES-128-GCM',
    suite: 2,
    ikmE: '4270e54ffd08d79d5928020af4686d8f6b7d35dbe470265f1f5aa22816ce860e',
    ikmR: '668b37171f1072f3cf12ea8a236a45df23fc13b82af3609ad1e354f6ef817550',
    skRm: 'f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2',
    pkRm:
      '04fe8c19ce0905191ebc298a9245792531f26f0cece2460639e8bc39cb7f706a82' +
      '6a779b4cf969b8a0e539c7f62fb3d30ad6aa8f80e30f1d128aafd68a2ce72ea0',
    enc:
      '04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac9' +
      '8536d7b61a1af4b78e5b7f951c0900be863c403ce65c9bfcb9382657222d18c4',
    ct: '5ad590bb8baa577f8619db35a36311226a896e7342a6d836d8b7bcd2f20b6c7f9076ac232e3ab2523f39513434',
    exported: [
      '5e9bc3d236e1911d95e65b576a8a86d478fb827e8bdfe77b741b289890490d4d',
      '6cff87658931bda83dc857e6353efe4987a201b849658d9b047aab4cf216e796',
      'd8f1ea7942adbba7412c6d431c62d01371ea476b823eb697e1f6e6cae1dab85a',
    ],
  },
  {
    title: 'A.6.1: P-521, HKDF-SHA512, AES-256-GCM',
    suite: 5,
    ikmE:
      '7f06ab8215105fc46aceeb2e3dc5028b44364f960426eb0d8e4026c2f8b5d7e7' +
      'a986688f1591abf5ab753c357a5d6f0440414b4ed4ede71317772ac98d9239f70904',
    ikmR:
      '2ad954bbe39b7122529f7dde780bff626cd97f850d0784a432784e69d86eccaa' +
      'de43b6c10a8ffdb94bf943c6da479db137914ec835a7e715e36e45e29b587bab3bf1',
    skRm:
      '01462680369ae375e4b3791070a7458ed527842f6a98a79ff5e0d4cbde83c271' +
      '96a3916956655523a6a2556a7af62c5cadabe2ef9da3760bb21e005202f7b2462847',
    pkRm:
      '0401b45498c1714e2dce167d3caf162e45e0642afc7ed435df7902ccae0e84ba' +
      '0f7d373f646b7738bbbdca11ed91bdeae3cdcba3301f2457be452f271fa68375' +
      '80e661012af49583a62e48d44bed350c7118c0d8dc861c238c72a2bda17f6470' +
      '4f464b57338e7f40b60959480c0e58e6559b190d81663ed816e523b6b6a418f66d2451ec64',
    enc:
      '040138b385ca16bb0d5fa0c0665fbbd7e69e3ee29f63991d3e9b5fa740aab890' +
      '0aaeed46ed73a49055758425a0ce36507c54b29cc5b85a5cee6bae0cf1c21f27' +
      '31ece2013dc3fb7c8d21654bb161b463962ca19e8c654ff24c94dd2898de1205' +
      '1f1ed0692237fb02b2f8d1dc1c73e9b366b529eb436e98a996ee522aef863dd5739d2f29b0',
    ct: '170f8beddfe949b75ef9c387e201baf4132fa7374593dfafa90768788b7b2b200aafcc6d80ea4c795a7c5b841a',
    exported: [
      '05e2e5bd9f0c30832b80a279ff211cc65eceb0d97001524085d609ead60d0412',
      'fca69744bb537f5b7a1596dbf34eaa8d84bf2e3ee7f1a155d41bd3624aa92b63',
      'f389beaac6fcf6c0d9376e20f97e364f0609a88f1bc76d7328e9104df8477013',
    ],
  },
  {
    title: 'X448, HKDF-SHA512, AES-256-GCM',
    suite: 4,
    ikmE:
      '39ed47496020ec7c2afc214425fc6a15fb6f1e16759c2b066265b6624' +
      'c84ed50ee6c3129d9ed71318b19a96e5c5cc6b27aca5e1ae9cdc7e0',
    ikmR:
      '93e714430d3cb00e8e8a03dd820dcbcc7f0141f93c63a7dede2dfb15' +
      '2b5b23982a1a55f2d86dd9e0f5a0f53b9c21605257ec1349d7f89e53',
    skRm:
      'c4e72a57af1640806c01617b947ee6d1bbe5eb1a5b4616fb705a5d2e' +
      'd30b7f4317365c504249750e090805d44a2ddc2970172414a90a09e5',
    pkRm:
      'd920db89afdb25df110a44cf0d7dc4e4d4b74f09ceaba5e76a12d3ca' +
      'fefcd962e244804a58bfd12303732be21d511f877ddc2ed694447b3d',
    enc:
      '390f2971ca97d513915a2bc5aac0cb81b832d9424d2264eaa9e868d8' +
      '0862edd7918276883a8d0434309e049408fec2340ae5799702f948d7',
    ct: '6a5ef0f8c88a17c6d26bee63b4468cd43360eb69804fb392d8c9b8eba2f9bd806726c7d99cb9073022000ce41a',
    exported: [],
  },
] as const;

const info = hex(INFO);

const cases = VECTORS.flatMap((vector) =>
  SUITES_BY_BACK_END.filter(([id]) => id === vector.suite).map(([, backEnd]) => ({ ...vector, backEnd })),
);

describe.each(cases)('RFC 9180 $title by $backEnd', ({ backEnd, ...vector }) => {
  const suite = getCipherSuite(vector.suite, { backEnd });
  const privateKey = hex(vector.skRm);

  it('derives the key pair of the receiver from its seed', () => {
    const pair = suite.hpke.deriveKeyPair(hex(vector.ikmR));
    expect(toHex(pair.privateKey)).toBe(vector.skRm);
    expect(toHex(pair.publicKey)).toBe(vector.pkRm);
    expect(toHex(suite.hpke.publicKeyOf(privateKey))).toBe(vector.pkRm);
  });

  it('opens the ciphertext', () => {
    const ciphertext = { kemOutput: hex(vector.enc), ciphertext: hex(vector.ct) };
    expect(toHex(suite.hpke.open(privateKey, ciphertext, info, hex(AAD)))).toBe(PLAINTEXT);
  });

  it('makes the very same ciphertext out of the seed of the sender', () => {
    const sender = getCipherSuite(vector.suite, { random: { bytes: () => hex(vector.ikmE) }, backEnd });
    const sealed = sender.hpke.seal(hex(vector.pkRm), info, hex(AAD), hex(PLAINTEXT));
    expect(toHex(sealed.kemOutput)).toBe(vector.enc);
    expect(toHex(sealed.ciphertext)).toBe(vector.ct);
  });

  it('exports the same on both sides, and what is published', () => {
    const sender = getCipherSuite(vector.suite, { random: { bytes: () => hex(vector.ikmE) }, backEnd });
    const exported = EXPORTER_CONTEXTS.map((context) => {
      const request = { info, exporterContext: hex(context), length: 32 };
      const received = toHex(suite.hpke.setupReceiverExport(privateKey, hex(vector.enc), request));
      const sent = sender.hpke.setupSenderExport(hex(vector.pkRm), request);
      expect(toHex(sent.kemOutput)).toBe(vector.enc);
      expect(toHex(sent.exported)).toBe(received);
      return received;
    });
    if (vector.exported.length > 0) expect(exported).toEqual(vector.exported);
    expect(new Set(exported).size).toBe(3);
  });
});
