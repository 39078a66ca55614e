// Reads texts as JSON lines, {"text": …, "smart": false}; answers each with what Twilio's own calculator says of it:
// how many segments, in which encoding, and the text itself, with "smart" as Twilio's smart encoding leaves it.
"use strict";

const { createInterface } = require("node:readline");
const { SegmentedMessage } = require("sms-segments-calculator");

createInterface({ input: process.stdin }).on("line", (line) => {
  const { text, smart } = JSON.parse(line);
  const message = new SegmentedMessage(text, "auto", smart);
  const answer = [message.segmentsCount, message.encodingName, message.graphemes.join("")];
  process.stdout.write(`${JSON.stringify(answer)}\n`);
});
