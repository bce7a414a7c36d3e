import type { Command } from '../command';
import { deliveryCommands } from './deliveries';
import { endpointCommands } from './endpoints';
import { publish } from './events';
import { listen } from './listen';
import { login, logout } from './login';
import { recover } from './recover';
import { retry } from './retry';
import { verify } from './verify';

export const COMMANDS: readonly Command[] = [
  login,
  logout,
  ...endpointCommands,
  publish,
  ...deliveryCommands,
  listen,
  retry,
  recover,
  verify,
];
