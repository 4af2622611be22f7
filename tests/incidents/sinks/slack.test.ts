import { describe, expect, it } from 'vitest';
import { InvalidOptionsError } from '../../../src/core/errors.ts';
import { slackSink } from '../../../src/incidents/sinks/slack/sink.ts';
import { sampleIncident } from '../sample.ts';
import { contextFor, HOSTILE, httpSinkContract, notificationFor, sinkContract } from './contract.ts';
import { slackMessage } from './schemas.ts';
import { VendorServer } from './vendor-server.ts';

const secret = 'T0AAAAAAA/B0BBBBBBB/XXsecretXXsecretXXsecret';
const url = `https://hooks.slack.example/services/${secret}`;

const slack = new VendorServer(
  'https://hooks.slack.example',
  {
    schemaFor: ({ method, path }) =>
      method === 'POST' && path === `/services/${secret}` ? slackMessage : undefined,
    maxBytes: 100_000,
  },
  () => new Response('ok'),
);

const make = () => ({
  sink: slackSink({ url, runbookUrl: 'https://wiki.example/runbook?a=1&b=2', mention: '<!here>' }),
  sent: () => slack.requests.map(({ text }) => text).join('\n'),
  count: () => slack.requests.length,
  problems: () => slack.problems,
  server: {
    answerWith: slack.answerWith.bind(slack),
    hang: slack.hang.bind(slack),
    secrets: [secret, 'XXsecretXXsecretXXsecret'],
  },
});

sinkContract('slackSink', make);
httpSinkContract('slackSink', make);

describe('slackSink', () => {
  it('lays a message out in blocks, with the text that notifications show', async () => {
    const { sink } = make();
    expect(await sink.send(notificationFor('opened'), contextFor())).toEqual({ detail: 'HTTP 200' });
    const [request] = slack.requests;
    expect(request?.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(request?.body).toMatchObject({
      text: "High incident opened: database - The circuit of 'database' opened: 5 failures in a row",
      blocks: [
        { type: 'header', text: { text: 'High incident opened: database' } },
        { type: 'section', text: { type: 'mrkdwn', text: '<!here>' } },
        { type: 'section', text: { text: "The circuit of 'database' opened: 5 failures in a row" } },
        {
          type: 'section',
          fields: expect.arrayContaining([expect.objectContaining({ text: 'Policy: database' })]),
        },
        { type: 'section', text: { text: expect.stringContaining('Why this severity: ') } },
        {
          type: 'section',
          text: { type: 'mrkdwn', text: '<https://wiki.example/runbook?a=1&amp;b=2|Runbook>' },
        },
        { type: 'context' },
      ],
    });
  });

  it('makes no link and no mention of what comes from outside', async () => {
    const { sink } = make();
    const incident = sampleIncident({
      policy: HOSTILE,
      why: HOSTILE,
      warRoom: 'https://u:p@evil.example/|x',
    });
    await sink.send({ ...notificationFor('updated'), summary: HOSTILE, incident }, contextFor());
    const [request] = slack.requests;
    expect(request?.text).not.toMatch(/<!channel>|<https:\/\/evil/);
    expect(request?.text).toContain('&lt;!channel&gt;');
    expect(slack.problems).toEqual([]);
  });

  it('links to the war room, whose address cannot break out of the link', async () => {
    const { sink } = make();
    const incident = sampleIncident({ warRoom: 'https://meet.example/a|b>c?x=<!channel>&y' });
    await sink.send({ ...notificationFor('updated'), incident }, contextFor());
    expect(slack.requests[0]?.text).toContain(
      '<https://meet.example/a%7Cb%3Ec?x=%3C!channel%3E&amp;y|War room> - ',
    );
    expect(slack.problems).toEqual([]);
  });

  it('says how many updates one stands for', async () => {
    const { sink } = make();
    await sink.send(notificationFor('updated'), { ...contextFor(), merged: 2 });
    expect(slack.requests[0]?.text).toContain('(and 2 earlier updates)');
  });

  it.each([
    [400, 'invalid_payload', 'permanent', 'HTTP 400: invalid_payload'],
    [404, 'no_service', 'permanent', 'HTTP 404: no_service'],
    [410, 'channel_is_archived', 'gone', 'HTTP 410: channel_is_archived'],
    [500, 'rollup_error', 'transient', 'HTTP 500: rollup_error'],
    [400, '<html>Bad Request</html>', 'permanent', 'HTTP 400'],
  ])('tells of HTTP %i %s', async (status, word, failure, message) => {
    const { sink } = make();
    slack.answerWith(status, {}, word);
    await expect(sink.send(notificationFor('opened'), contextFor())).rejects.toMatchObject({
      failure,
      message,
    });
  });

  it('refuses options that are wrong, all at once, and repeats no secret', () => {
    const wrong: unknown = {
      url: 'ftp://hunter2/',
      mention: '<!everyone hunter2',
      runbookUrl: 'javascript:x',
      nam: 1,
    };
    let error: unknown;
    try {
      Reflect.apply(slackSink, undefined, [wrong]);
    } catch (thrown) {
      error = thrown;
    }
    if (!(error instanceof InvalidOptionsError)) throw new Error('it did not throw');
    expect(error.problems.map(({ path }) => path).sort()).toEqual(['mention', 'nam', 'runbookUrl', 'url']);
    expect(error.message).not.toContain('hunter2');
  });
});
