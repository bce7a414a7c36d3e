// Loaded into a service before its own code (NODE_OPTIONS=--require): what is compiled to dist/ has the time that the file
// GIVEN_TIME_FILE says (Unix ms, 13 digits), so a recording's hours pass as its test lets them, however long the process
// was away. The libraries keep the real clock: their timeouts, towards Kafka and brokers, are of this world.
const { openSync, readSync } = require('node:fs');
const Module = require('node:module');

const TrueDate = Date;
const file = openSync(process.env.GIVEN_TIME_FILE, 'r');
const digits = Buffer.alloc(13);

globalThis.GivenDate = class extends TrueDate {
  constructor(...parts) {
    if (parts.length === 0) super(globalThis.GivenDate.now());
    else super(...parts);
  }

  static now() {
    readSync(file, digits, 0, digits.length, 0);
    return Number(digits.toString('latin1'));
  }
};

const compile = Module.prototype._compile;
Module.prototype._compile = function (content, filename, ...rest) {
  const ours = /\/dist\/(apps|libs)\//.test(filename) && !filename.includes('/node_modules/');
  const text = ours ? content.replace(/^"use strict";/, '$& const Date = globalThis.GivenDate;') : content;
  return compile.call(this, text, filename, ...rest);
};
