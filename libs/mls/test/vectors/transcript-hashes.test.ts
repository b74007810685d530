import { describe, expect, it } from '@jest/globals';

import { decode } from '@canopy/codec';
import { describeVectors } from '@canopy/vectors';

import { AuthenticatedContent } from '../../src/framing/authentication.ts';
import { FramedContent } from '../../src/framing/content.ts';
import {
  computeConfirmedTranscriptHash,
  computeInterimTranscriptHash,
} from '../../src/schedule/transcript-hash.ts';
import { hex, suiteOf, titled } from '../suites.ts';

describeVectors('transcript-hashes', { describe, it }, (cases) => {
  it.each(titled(cases))('%s [R8.2-01] [R8.2-02] [R6.1-11] [R6-08]', (_title, one) => {
    const suite = suiteOf(one);
    const { wireFormat, content, auth } = decode(
      AuthenticatedContent,
      one.get('authenticated_content').bytes(),
    );
    const confirmed = computeConfirmedTranscriptHash(
      suite,
      one.get('interim_transcript_hash_before').bytes(),
      { wireFormat, content: FramedContent.bytesOf(content), signature: auth.signature },
    );
    expect(hex(confirmed)).toBe(one.get('confirmed_transcript_hash_after').text());
    const tag = suite.mac.compute(one.get('confirmation_key').bytes(), confirmed);
    expect(hex(auth.confirmationTag ?? new Uint8Array())).toBe(hex(tag));
    const interim = computeInterimTranscriptHash(suite, confirmed, tag);
    expect(hex(interim)).toBe(one.get('interim_transcript_hash_after').text());
  });
});
