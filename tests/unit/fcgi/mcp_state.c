#include "fcgi/mcp_state.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const usec_t NOW = 1795392000 * USEC_PER_SEC;

static const unsigned char ann[SHA256_BYTES] = { 1 };
static const unsigned char ben[SHA256_BYTES] = { 2 };

static const struct mcp_state_key key = { "a key of thirty-two bytes, or so" };

static const struct mcp_state_call call = {
	ann,
	{ "alerts.send", 11 },
	{ "{\"a\":1}", 7 },
};

static void
a_state_holds_for_a_day(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	mcp_state_write(&key, &call, SLICE_LITERAL("apr-1"), NOW, &text);
	assert_true(slice_ends_with(buf_slice(&text), SLICE_LITERAL("apr-1")));
	assert_true(mcp_state_holds(&key, &call, buf_slice(&text), NOW));
	assert_true(mcp_state_holds(
	    &key, &call, buf_slice(&text), NOW + MCP_STATE_LIFE - 1));
	assert_false(mcp_state_holds(
	    &key, &call, buf_slice(&text), NOW + MCP_STATE_LIFE));
	buf_free(&text);
}

static void
a_state_is_one_call_of_one_agent(void **state)
{
	struct buf text = BUF_INIT;
	struct mcp_state_call others[] = { call, call, call, call };
	struct mcp_state_key another;

	(void)state;
	others[0].agent = ben;
	others[1].capability = SLICE_LITERAL("alerts.list");
	others[2].arguments = SLICE_LITERAL("{\"a\":2}");
	/* The same bytes, divided otherwise. */
	others[3].capability = SLICE_LITERAL("alerts.send{");
	others[3].arguments = SLICE_LITERAL("\"a\":1}");
	mcp_state_write(&key, &call, SLICE_LITERAL("apr-1"), NOW, &text);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_false(
		    mcp_state_holds(&key, &others[i], buf_slice(&text), NOW));
	mcp_state_make_key(&another);
	assert_false(mcp_state_holds(&another, &call, buf_slice(&text), NOW));
	buf_free(&text);
}

static void
a_state_with_any_byte_changed_does_not_hold(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	mcp_state_write(&key, &call, SLICE_LITERAL("apr-1"), NOW, &text);
	for (size_t i = 0; i < text.len; i++) {
		text.data[i] ^= 1;
		assert_false(
		    mcp_state_holds(&key, &call, buf_slice(&text), NOW));
		text.data[i] ^= 1;
	}
	for (size_t len = 0; len < text.len; len++)
		assert_false(mcp_state_holds(
		    &key, &call, (struct slice){ text.data, len }, NOW));
	buf_add_char(&text, '1');
	assert_false(mcp_state_holds(&key, &call, buf_slice(&text), NOW));
	buf_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_state_holds_for_a_day),
		cmocka_unit_test(a_state_is_one_call_of_one_agent),
		cmocka_unit_test(a_state_with_any_byte_changed_does_not_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
