// Sentences for people are not mutated: an error is told by its code and rule, and a test of its wording would only repeat it.
import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';

/** Calls whose second argument is a sentence. */
const makers = ['FederatedError', 'refusal', 'contradiction', 'spoiled', 'badSession'];

const ignorer = {
  shouldIgnore({ node, parent, key }) {
    if (node.type !== 'StringLiteral' && node.type !== 'TemplateLiteral') return undefined;
    if (parent?.type === 'ObjectProperty' && parent.value === node && ['fix', 'reason'].includes(parent.key.name)) {
      return 'a sentence for people';
    }
    const makes = parent?.type === 'NewExpression' || parent?.type === 'CallExpression';
    if (makes && makers.includes(parent.callee.name) && key === 1) return 'a sentence for people';
    return undefined;
  },
};

export const strykerPlugins = [declareValuePlugin(PluginKind.Ignore, 'prose', ignorer)];
