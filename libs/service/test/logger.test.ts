import { describe, expect, it } from '@jest/globals';
import { createLogger, Secret } from '../src/index.ts';

function logged(fields: object, message = ''): string {
  const lines: string[] = [];
  const log = createLogger({ service: 'toy', destination: { write: (line) => void lines.push(line) } });
  log.info(fields, message);
  return lines.join('');
}

describe('the log', () => {
  it('is one JSON object a line, with the service and the level in words', () => {
    expect(JSON.parse(logged({ event: 'health', healthy: true }))).toMatchObject({
      level: 'info',
      service: 'toy',
      event: 'health',
      healthy: true,
    });
  });

  it.each([
    [{ authorization: 'hunter2' }],
    [{ deep: { in: { the: { accessToken: 'hunter2' } } } }],
    [{ list: [{ signaturePublicKey: 'hunter2' }] }],
    [{ enrolmentCode: 'hunter2' }],
    [{ admin: new Secret('hunter2') }],
    [{ note: 'authorization was Bearer hunter2' }],
    [{ err: new Error('sent bearer hunter2', { cause: new Error('Bearer hunter2') }) }],
    [{ bytes: Buffer.from('hunter2') }],
    [{ err: new Error('claim', { cause: { claim: 'aud', payload: { sub: 'hunter2' } } }) }],
    [{ err: new Error('no device mimi://example.com/d/hunter2/1 here') }],
    [{ subject: 'mimi://example.com/u/hunter2' }],
  ])('lets no secret through: %j', (fields) => {
    const line = logged(fields);
    expect(line).not.toContain('hunter2');
    expect(line).not.toContain(Buffer.from('hunter2').join(','));
  });

  it('lets no token and no identity through that stands in a message', () => {
    expect(logged({}, 'no mimi://example.com/u/alice here')).toContain('no [hidden] here');
    expect(logged({}, 'got eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhIn0.c2ln from somebody')).not.toContain('eyJ');
  });

  it('keeps what helps: messages and codes of errors and of their causes', () => {
    const cause = Object.assign(new Error('no such table'), { code: 'SQLITE_ERROR' });
    const line = logged({ err: new TypeError('cannot read', { cause }), count: 3n });
    expect(JSON.parse(line)).toMatchObject({
      err: {
        name: 'TypeError',
        message: 'cannot read',
        cause: { message: 'no such table', code: 'SQLITE_ERROR' },
      },
      count: '3',
    });
  });

  it('stays bounded for endless things', () => {
    const endless: Record<string, unknown> = {};
    endless['self'] = endless;
    expect(
      logged({ endless, many: Array.from({ length: 10_000 }, () => 'x'.repeat(10_000)) }).length,
    ).toBeLessThan(200_000);
  });
});
