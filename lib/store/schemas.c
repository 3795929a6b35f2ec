#include "store/schemas.h"

#include "sql/schema_state.h"
#include "sql/schema_telemetry.h"

int
schemas_state(void)
{
	return schema_state.count;
}

int
schemas_telemetry(void)
{
	return schema_telemetry.count;
}
