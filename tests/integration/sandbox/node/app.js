// The same small app as in test_official_sdks.py: command -> modal -> button -> update -> file.
// Over Socket Mode when SLACK_APP_TOKEN is set, else over signed HTTP on a free port, which it prints.
"use strict";

const { App, LogLevel } = require("@slack/bolt");

const appToken = process.env.SLACK_APP_TOKEN;
const app = new App({
  token: process.env.SLACK_BOT_TOKEN,
  logLevel: LogLevel.WARN,
  clientOptions: { slackApiUrl: process.env.SLACK_API_URL },
  ...(appToken ? { socketMode: true, appToken } : { signingSecret: process.env.SLACK_SIGNING_SECRET }),
});

const plain = (text) => ({ type: "plain_text", text });

app.command("/story", async ({ ack, body, client }) => {
  await ack();
  await client.views.open({
    trigger_id: body.trigger_id,
    view: {
      type: "modal",
      callback_id: "form",
      title: plain("Story"),
      submit: plain("Tell"),
      blocks: [
        {
          type: "input",
          block_id: "reason",
          label: plain("Reason"),
          element: { type: "plain_text_input", action_id: "text" },
        },
      ],
    },
  });
});

app.view("form", async ({ ack, view, client }) => {
  await ack();
  const reason = view.state.values.reason.text.value;
  await client.chat.postMessage({
    channel: "C0DBAPPROV",
    text: reason,
    blocks: [
      { type: "section", text: plain(reason) },
      { type: "actions", elements: [{ type: "button", action_id: "approve", text: plain("Approve"), value: reason }] },
    ],
  });
});

app.action("approve", async ({ ack, body, action, client }) => {
  await ack();
  const text = `Approved by <@${body.user.id}>: ${action.value}`;
  await client.chat.update({ channel: body.channel.id, ts: body.message.ts, text, blocks: [] });
  await client.files.uploadV2({
    channel_id: body.channel.id,
    thread_ts: body.message.ts,
    filename: "report.txt",
    file: Buffer.from(`Report: ${action.value}`),
  });
});

(async () => {
  const server = await app.start(0);
  process.stdout.write(`ready ${appToken ? "" : server.address().port}\n`);
})();
