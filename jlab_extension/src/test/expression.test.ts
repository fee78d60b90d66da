import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastExpression } from '../author/expression.js';

test('the last statement of a cell is its last expression, with all of its lines', () => {
  assert.equal(lastExpression('x = 1\nmean([1, 2])'), 'mean([1, 2])');
  assert.equal(lastExpression('mean([1, 2])  # three halves\n\n# that was it\n'), 'mean([1, 2])  # three halves');
  assert.equal(lastExpression('x = 1\nmean(\n    [1, 2],\n)'), 'mean(\n    [1, 2],\n)');
  assert.equal(lastExpression('mean([\n1,\n2])'), 'mean([\n1,\n2])');
  assert.equal(lastExpression('label("(")'), 'label("(")');
  assert.equal(lastExpression('# nothing'), '');
});
