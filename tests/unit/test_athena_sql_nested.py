"""The same answers as Trino for arrays, maps, lambdas and UNNEST: each case was put to Trino 426 itself, whose answer stands beside it.

Rows without ORDER BY are compared in any order.
"""

# ruff: noqa: E501
# fmt: off
from __future__ import annotations

import datetime
from decimal import Decimal as D  # noqa: N817
from typing import Any

import pytest

from tests.unit.athena_answers import answer

T = datetime.datetime.fromisoformat
d = datetime.date.fromisoformat

CASES: list[tuple[str, str, list[tuple[Any, ...]]]] = [
    # arrays and maps
    ("select typeof(array[1]) from (values 'a','bcd') t(x)", "varchar", [("array(integer)",), ("array(integer)",)]),
    ("select array_agg(x order by x) from (values 2, null, 1) t(x)", "array(integer)", [((1, 2, None),)]),
    ("select array_agg(x order by x desc) from (values 2, null, 1) t(x)", "array(integer)", [((2, 1, None),)]),
    ("select concat_ws(',',array['a',null,'b'])", "varchar", [("a,b",)]),
    ("select approx_percentile(x,array[0.25,0.75]) from (values 10e0,20e0,30e0,40e0,50e0) t(x)", "array(double)", [((20.0, 40.0),)]),
    ("select stddev(x), stddev_pop(x), variance(x), var_pop(x), geometric_mean(x), avg(x), sum(x), max(x), count_if(x>1), bool_and(x>1), array_agg(x), map_agg(x,x), histogram(x), approx_distinct(x), skewness(x) from (values 1) t(x) where false", "double, double, double, double, double, double, bigint, integer, bigint, boolean, array(integer), map(integer, integer), map(integer, bigint), bigint, double", [(None, None, None, None, None, None, None, None, 0, None, None, None, None, 0, None)]),
    ("select array_agg(distinct x order by x) from (values 1,1,2,null) t(x)", "array(integer)", [((1, 2, None),)]),
    ("select array_agg(x order by x) filter (where x > 1) from (values 1,1,2,null) t(x)", "array(integer)", [((2,),)]),
    ("select cardinality(array[1,2])", "bigint", [(2,)]),
    ("select cardinality(map(array[1],array[2]))", "bigint", [(1,)]),
    ("select element_at(array[1,2],3)", "integer", [(None,)]),
    ("select element_at(array[1,2],-1)", "integer", [(2,)]),
    ("select element_at(array[1,2],1)", "integer", [(1,)]),
    ("select contains(array[1,null],2)", "boolean", [(None,)]),
    ("select contains(array[1,null],1)", "boolean", [(True,)]),
    ("select contains(array[1],2)", "boolean", [(False,)]),
    ("select contains(array[1],null)", "boolean", [(None,)]),
    ("select array_join(array[1,null,2],',')", "varchar", [("1,2",)]),
    ("select array_join(array[1,null,2],',','x')", "varchar", [("1,x,2",)]),
    ("select array_join(array[1.5e0],',')", "varchar", [("1.5E0",)]),
    ("select array_distinct(array[3,1,3,null,null,2])", "array(integer)", [((3, 1, None, 2),)]),
    ("select array_sort(array[2,null,1])", "array(integer)", [((1, 2, None),)]),
    ("select array_max(array[1,null,2])", "integer", [(None,)]),
    ("select array_min(array[1,2])", "integer", [(1,)]),
    ("select array_max(array[1,2])", "integer", [(2,)]),
    ("select element_at(map(array['a'],array[1]),'b')", "integer", [(None,)]),
    ("select map(array['a'],array[1])['a']", "integer", [(1,)]),
    ("select array_union(array[1,2,2],array[3,2]), array_intersect(array[1,2,2,null],array[2,null]), array_except(array[1,2,2,3],array[3]), arrays_overlap(array[1,2],array[2,3]), arrays_overlap(array[1,null],array[2]), array_position(array[1,2],2), array_position(array[1,2],5), array_remove(array[1,2,1,null],1), flatten(array[array[1],array[2,3]]), repeat(1,3), reverse(array[1,2,3]), slice(array[1,2,3,4],2,2), slice(array[1,2,3,4],-2,2), slice(array[1,2],5,2), sequence(1,5), sequence(1,10,3), sequence(5,1,-2), sequence(5,1)", "array(integer), array(integer), array(integer), boolean, boolean, bigint, bigint, array(integer), array(integer), array(integer), array(integer), array(integer), array(integer), array(integer), array(bigint), array(bigint), array(bigint), array(bigint)", [((1, 2, 3), (2, None), (1, 2), True, None, 2, 0, (2, None), (1, 2, 3), (1, 1, 1), (3, 2, 1), (2, 3), (3, 4), (), (1, 2, 3, 4, 5), (1, 4, 7, 10), (5, 3, 1), (5, 4, 3, 2, 1))]),
    ("select sequence(date '2020-01-01', date '2020-01-03')", "array(date)", [((d("2020-01-01"), d("2020-01-02"), d("2020-01-03")),)]),
    ("select sequence(date '2020-01-31', date '2020-04-30', interval '1' month)", "array(date)", [((d("2020-01-31"), d("2020-02-29"), d("2020-03-31"), d("2020-04-30")),)]),
    ("select sequence(timestamp '2020-01-01 00:00:00', timestamp '2020-01-01 02:00:00', interval '1' hour)", "array(timestamp(0))", [((T("2020-01-01 00:00:00"), T("2020-01-01 01:00:00"), T("2020-01-01 02:00:00")),)]),
    ("select sequence(date '2020-01-03', date '2020-01-01', interval '-1' day)", "array(date)", [((d("2020-01-03"), d("2020-01-02"), d("2020-01-01")),)]),
    ("select transform(array[1,2,null],x->x+1)", "array(integer)", [((2, 3, None),)]),
    ("select filter(array[1,2,3,null],x->x>1)", "array(integer)", [((2, 3),)]),
    ("select reduce(array[1,2,3],0,(s,x)->s+x,s->s*10)", "integer", [(60,)]),
    ("select any_match(array[1,2],x->x>1)", "boolean", [(True,)]),
    ("select all_match(array[1,2],x->x>0)", "boolean", [(True,)]),
    ("select none_match(array[1,2],x->x>5)", "boolean", [(True,)]),
    ("select any_match(array[1,null],x->x>1)", "boolean", [(None,)]),
    ("select all_match(array[1,null],x->x>0)", "boolean", [(None,)]),
    ("select all_match(array[1,null],x->x>1)", "boolean", [(False,)]),
    ("select any_match(cast(array[] as array(integer)),x->x>1)", "boolean", [(False,)]),
    ("select zip_with(array[1,2],array[3,4],(a,b)->a+b)", "array(integer)", [((4, 6),)]),
    ("select zip(array[1,2],array['a'])", "array(row(integer, varchar))", [(((1, "a"), (2, None)),)]),
    ("select reduce(cast(null as array(integer)),0,(s,x)->s+x,s->s)", "integer", [(None,)]),
    ("select reduce(cast(array[] as array(integer)),0,(s,x)->s+x,s->s)", "integer", [(0,)]),
    ("select reduce(array[1,2], 0e0, (s,x)->s+x, s->s)", "double", [(3.0,)]),
    ("select map_keys(map(array['a','b'],array[1,2]))", "array(varchar)", [(("a", "b"),)]),
    ("select map_values(map(array['a','b'],array[1,2]))", "array(integer)", [((1, 2),)]),
    ("select map_entries(map(array['a','b'],array[1,2]))", "array(row(varchar, integer))", [((("a", 1), ("b", 2)),)]),
    ("select map_from_entries(array[row('a',1)])", "map(varchar, integer)", [({'a': 1},)]),
    ("select map_concat(map(array['a'],array[1]),map(array['a','b'],array[2,3]))", "map(varchar, integer)", [({'a': 2, 'b': 3},)]),
    ("select map_filter(map(array['a','b'],array[1,2]),(k,v)->v>1)", "map(varchar, integer)", [({'b': 2},)]),
    ("select transform_values(map(array['a','b'],array[1,2]),(k,v)->v*2)", "map(varchar, integer)", [({'a': 2, 'b': 4},)]),
    ("select map()", "map(unknown, unknown)", [({},)]),
    ("select array[1,2]||3", "array(integer)", [((1, 2, 3),)]),
    ("select array[1]||array[2]", "array(integer)", [((1, 2),)]),
    ("select concat(array[1],array[2])", "array(integer)", [((1, 2),)]),
    ("select array[1, 2.5]", "array(decimal(11,1))", [((D("1.0"), D("2.5")),)]),
    ("select cast(array[1,2] as array(varchar))", "array(varchar)", [(("1", "2"),)]),
    ("select array[]", "array(unknown)", [((),)]),
    ("select x,y from unnest(array[1,2],array['a']) t(x,y)", "integer, varchar", [(1, "a"), (2, None)]),
    ("select t.id, u.v, u.o from (values (1,array[10,20]),(2,array[]),(3,null)) t(id,a) cross join unnest(a) with ordinality as u(v,o)", "integer, integer, bigint", [(1, 10, 1), (1, 20, 2)]),
    ("select t.id, u.v from (values (1,array[10,20]),(2,array[]),(3,null)) t(id,a) left join unnest(a) as u(v) on true", "integer, integer", [(1, 10), (1, 20), (2, None), (3, None)]),
    ("select k,v from unnest(map(array['a','b'],array[1,2])) t(k,v)", "varchar, integer", [("a", 1), ("b", 2)]),
    ("select * from unnest(array[row(1,'a'),row(2,'b')]) t(x,y)", "integer, varchar", [(1, "a"), (2, "b")]),
    ("select array[1.5, 2]", "array(decimal(11,1))", [((D("1.5"), D("2.0")),)]),
    ("select array_agg(x) filter (where x > 5) from (values 1,2) t(x)", "array(integer)", [(None,)]),
    ("select array_join(array_agg(x order by x desc), '|') from (values 'a','c','b') t(x)", "varchar", [("c|b|a",)]),
    ("select x, transform(array[1,2], y -> x + y) from (values 10,20) t(x)", "integer, array(integer)", [(10, (11, 12)), (20, (21, 22))]),
    ("select array_distinct(array['b','a','b']), array_sort(array['b',null,'a']), array_union(array['a'],array['b','a']), array_except(array['a',null],array['a']), array_position(array['a','b'],'b'), array_remove(array['a','b'],'a'), arrays_overlap(array['a'],array['b']), contains(array['a'],'a'), flatten(array[array['a'],array['b','c']]), repeat('x',2), slice(array['a','b','c'],-2,1)", "array(varchar), array(varchar), array(varchar), array(varchar), bigint, array(varchar), boolean, boolean, array(varchar), array(varchar), array(varchar)", [(("b", "a"), ("a", "b", None), ("a", "b"), (None,), 2, ("b",), False, True, ("a", "b", "c"), ("x", "x"), ("b",))]),
    ("select u.n, v from (values 2,3) t(k) cross join unnest(sequence(1,k)) with ordinality u(n, v) order by 1,2", "bigint, bigint", [(1, 1), (1, 1), (2, 2), (2, 2), (3, 3)]),
    ("select n from unnest(array[3,1,2]) with ordinality t(n, i) order by i", "integer", [(3,), (1,), (2,)]),
    ("select a, b from unnest(map(array[1,2],array['x','y'])) as t(a,b) order by 1", "integer, varchar", [(1, "x"), (2, "y")]),
    ("select x, y, z from unnest(array[1,2], array[10], map(array['k'],array['v'])) as t(x,y,z,w)", "integer, integer, varchar", [(1, 10, "k"), (2, None, None)]),
    ("select id, s.c from (values (1, array[row(1,'a'), row(2,'b')])) t(id, arr) cross join unnest(arr) as s(n, c)", "integer, varchar", [(1, "a"), (1, "b")]),
    ("select element_at(map(array['a','b'],array[1,null]),'b')", "integer", [(None,)]),
    ("select element_at(array[1,2,3],-3)", "integer", [(1,)]),
    ("select element_at(array[1,2,3],-4)", "integer", [(None,)]),
    ("select array[1,2,3][2]", "integer", [(2,)]),
    ("select array['a','b'][1]", "varchar", [("a",)]),
    ("select map(array[1,2],array['x','y'])[2]", "varchar", [("y",)]),
    ("select filter(array[1,null,3], x -> x is not null)", "array(integer)", [((1, 3),)]),
    ("select transform(array['a','b'], x -> upper(x)||'!')", "array(varchar)", [(("A!", "B!"),)]),
    ("select transform(array[1,2], x -> x * 1.5)", "array(decimal(12,1))", [((D("1.5"), D("3.0")),)]),
    ("select reduce(array[1,2,3], 0, (s,x) -> s + x * x, s -> s)", "integer", [(14,)]),
    ("select reduce(array['a','b'], '', (s,x) -> s || x, s -> upper(s))", "varchar", [("AB",)]),
    ("select reduce(array[1,2], cast(0 as bigint), (s,x)->s+x, s->s)", "bigint", [(3,)]),
    ("select transform(array[1,2], y -> x + y) from (values 10,20) t(x)", "array(integer)", [((11, 12),), ((21, 22),)]),
    ("select zip_with(array[1],array[2,3],(a,b)->coalesce(a,0)+b)", "array(integer)", [((3, 3),)]),
    ("select map_from_entries(array[row('a',1),row('b',2)])", "map(varchar, integer)", [({'a': 1, 'b': 2},)]),
    ("select map_entries(map(array['a'],array[1]))", "array(row(varchar, integer))", [((("a", 1),),)]),
    ("select map_filter(map(array['k','v'],array[1,2]), (k,v) -> k = 'k')", "map(varchar, integer)", [({'k': 1},)]),
    ("select transform_values(map(array['a'],array[1]), (k,v) -> k || cast(v as varchar))", "map(varchar, varchar)", [({'a': "a1"},)]),
    ("select any_match(array['a','b'], x -> x like 'b%')", "boolean", [(True,)]),
    ("select none_match(array[1], x -> x = 1)", "boolean", [(False,)]),
    ("select all_match(array[1,2], x -> x < 2)", "boolean", [(False,)]),
    ("select array_distinct(array['b','a','b'])", "array(varchar)", [(("b", "a"),)]),
    ("select array_sort(array['b',null,'a'])", "array(varchar)", [(("a", "b", None),)]),
    ("select array_union(array['a'],array['b','a'])", "array(varchar)", [(("a", "b"),)]),
    ("select array_except(array['a',null],array['a'])", "array(varchar)", [((None,),)]),
    ("select array_position(array['a','b'],'b')", "bigint", [(2,)]),
    ("select array_remove(array['a','b'],'a')", "array(varchar)", [(("b",),)]),
    ("select arrays_overlap(array['a'],array['b'])", "boolean", [(False,)]),
    ("select contains(array['a'],'a')", "boolean", [(True,)]),
    ("select flatten(array[array['a'],array['b','c']])", "array(varchar)", [(("a", "b", "c"),)]),
    ("select slice(array['a','b','c'],-2,1)", "array(varchar)", [(("b",),)]),
    ("select array_max(cast(array[] as array(integer)))", "integer", [(None,)]),
    ("select array_join(cast(array[] as array(integer)),',')", "varchar", [("",)]),
    ("select array_join(array[null,null],',')", "varchar", [("",)]),
    ("select cardinality(array[])", "bigint", [(0,)]),
    ("select array_max(array[date '2020-01-01', date '2020-02-01'])", "date", [(d("2020-02-01"),)]),
    ("select sequence(date '2020-01-31', date '2020-05-31', interval '1' month)", "array(date)", [((d("2020-01-31"), d("2020-02-29"), d("2020-03-31"), d("2020-04-30"), d("2020-05-31")),)]),
    ("select cardinality(sequence(1,10000))", "bigint", [(10000,)]),
    ("select sequence(date '2020-03-31', date '2020-01-01', interval '-1' month)", "array(date)", [((d("2020-03-31"), d("2020-02-29"), d("2020-01-31")),)]),
    ("select concat_ws(',', array['a','b'])", "varchar", [("a,b",)]),
    ("select array_agg(x) from (values cast(null as integer)) t(x)", "array(integer)", [((None,),)]),
    ("select id from (values (1, array[row(1,'a'), row(2,'b')])) t(id, arr) cross join unnest(arr) as s(n, c)", "integer", [(1,), (1,)]),
    ("select s.c from (values (1, array[row(1,'a'), row(2,'b')])) t(id, arr) cross join unnest(arr) as s(n, c)", "varchar", [("a",), ("b",)]),
    ("select typeof(array[1]) from (values 1) t(x)", "varchar", [("array(integer)",)]),
    ("select try(array[1][5])", "integer", [(None,)]),
    ("select array_join(array[1e0, 2.5e0],'-')", "varchar", [("1.0E0-2.5E0",)]),
    ("select array_join(array[date '2020-01-01'],',')", "varchar", [("2020-01-01",)]),
    ("select array_join(array[true],',')", "varchar", [("true",)]),
]


@pytest.mark.parametrize(("sql", "types", "rows"), CASES, ids=[case[0] for case in CASES])
def test_the_answer_is_trinos(sql: str, types: str, rows: list[tuple[Any, ...]]) -> None:
    got = answer(sql)
    assert ", ".join(got.types) == types
    assert got.same_as(rows, ordered="order by" in sql.lower()), got.rows
