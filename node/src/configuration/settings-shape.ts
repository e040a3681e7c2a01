import { z } from 'zod';
import { type JsonSchema, jsonSchemaOf } from './check-document.js';
import { type Setting, type Settings, settingShape } from './setting.js';

/** The shape of a whole file: every setting that has a key, nothing else. What is required may also come from elsewhere. */
export function settingsShape(settings: Settings): z.ZodType {
  const top: Record<string, z.ZodType | Record<string, z.ZodType>> = {};
  for (const setting of Object.values(settings)) {
    if (setting.key === undefined) continue;
    const [first, second] = setting.key.split('.') as [string, string?];
    const shape = described(setting);
    if (second === undefined) top[first] = shape;
    else top[first] = { ...(top[first] as Record<string, z.ZodType> | undefined), [second]: shape };
  }
  const members = Object.entries(top).map(([name, shape]) => [
    name,
    shape instanceof z.ZodType ? shape : z.strictObject(shape).optional(),
  ]);
  return z.strictObject(Object.fromEntries(members));
}

/** The JSON Schema of that file, for editors and other programs. */
export function settingsJsonSchema(settings: Settings, title: string): JsonSchema {
  return { ...jsonSchemaOf(settingsShape(settings)), title };
}

function described(setting: Setting): z.ZodType {
  const shape = settingShape(setting).optional();
  const fallback = setting.default === undefined ? {} : { default: setting.default };
  return shape.meta({ ...z.globalRegistry.get(settingShape(setting)), description: setting.description, ...fallback });
}
