/**
 * Reads the configuration from the environment and reports everything that is wrong with it at once.
 *
 * @module
 */
import { findValue, SettingFault, type Setting } from './settings.ts';

/** The settings of a service, by the names that the code uses. */
export type ConfigSchema = Readonly<Record<string, Setting<unknown>>>;

/** The configuration that a schema describes. */
export type ConfigOf<Schema extends ConfigSchema> = {
  readonly [Name in keyof Schema]: Schema[Name] extends Setting<infer T> ? T : never;
};

/** A configuration that cannot be used; the message lists every fault, a line each, and no value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(['The configuration cannot be used:', ...faults.map((fault) => `  - ${fault}`)].join('\n'));
    this.faults = faults;
  }
}

/** Finds what is wrong between settings; those that are wrong by themselves are missing in what it gets. */
export type ConfigCheck<Schema extends ConfigSchema> = (
  values: Partial<ConfigOf<Schema>>,
) => readonly string[];

/**
 * Reads a configuration from an environment.
 *
 * @throws {ConfigError}
 */
export function readConfig<Schema extends ConfigSchema>(
  schema: Schema,
  environment: NodeJS.ProcessEnv,
  check: ConfigCheck<Schema> = () => [],
): ConfigOf<Schema> {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(schema)) {
    try {
      values[name] = setting.parse(findValue(setting, environment));
    } catch (error) {
      faults.push(faultOf(setting, error));
    }
  }
  if (isPart(schema, values)) {
    faults.push(...check(values));
  }
  if (faults.length > 0 || !isComplete(schema, values)) {
    throw new ConfigError(faults);
  }
  return values;
}

/** Describes a schema as a Markdown table. */
export function describeConfig(schema: ConfigSchema): string {
  const rows = Object.values(schema).map((setting) => {
    const name = setting.secret ? `\`${setting.env}\` or \`${setting.env}_FILE\`` : `\`${setting.env}\``;
    return `| ${name} | ${setting.form} | ${defaultOf(setting)} | ${setting.description} |`;
  });
  return ['| Variable | Value | Default | Meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function defaultOf(setting: Setting<unknown>): string {
  if (setting.default !== undefined) {
    return `\`${setting.default}\``;
  }
  return setting.optional ? 'none' : '**required**';
}

function faultOf(setting: Setting<unknown>, error: unknown): string {
  if (!(error instanceof SettingFault)) {
    throw error;
  }
  return `${setting.env} ${error.message} (expected: ${setting.form}; ${setting.description})`;
}

function isComplete<Schema extends ConfigSchema>(schema: Schema, values: object): values is ConfigOf<Schema> {
  return Object.keys(schema).every((name) => Object.hasOwn(values, name));
}

function isPart<Schema extends ConfigSchema>(
  schema: Schema,
  values: object,
): values is Partial<ConfigOf<Schema>> {
  return Object.keys(values).every((name) => Object.hasOwn(schema, name));
}
