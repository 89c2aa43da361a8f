// Templates and the standard library, for a compiler to chew on; prints what it computed.
#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <numeric>
#include <sstream>
#include <string>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

template <int N> struct power {
    template <typename T> static T of(T x)
    {
        return x * power<N - 1>::of(x);
    }
};
template <> struct power<0> {
    template <typename T> static T of(T)
    {
        return T(1);
    }
};

template <typename... Types> auto sum_sizes(const Types &...values)
{
    return (values.size() + ... + 0);
}

using value = std::variant<int, double, std::string, std::vector<int>>;

template <size_t... I> auto powers(std::index_sequence<I...>)
{
    return std::make_tuple(power<I>::of(1.01)...);
}

int main()
{
    std::map<std::string, value> values{{"a", 1}, {"b", 2.5}, {"c", "text"}, {"d", std::vector<int>(5, 1)}};
    std::ostringstream out;
    for (auto &[name, v] : values)
        std::visit(
            [&, key = name](auto &x) {
                if constexpr (std::is_arithmetic_v<std::decay_t<decltype(x)>>)
                    out << key << x << ' ';
                else
                    out << key << x.size() << ' ';
            },
            v);
    auto all = powers(std::make_index_sequence<60>());
    out << std::get<50>(all) << ' ' << sum_sizes(std::string("abc"), std::vector<int>(4)) << ' ';
    std::unordered_map<int, std::unique_ptr<std::string>> owned;
    for (int i = 0; i < 1000; i++)
        owned[i * 7 % 501] = std::make_unique<std::string>(std::to_string(i));
    std::vector<std::function<int(int)>> functions;
    for (int i = 0; i < 10; i++)
        functions.push_back([i](int x) { return x * i + 1; });
    int n = std::accumulate(functions.begin(), functions.end(), 1,
                            [](int x, auto &f) { return f(x) % 1000; });
    std::cout << out.str() << owned.size() << ' ' << n << '\n';
}
