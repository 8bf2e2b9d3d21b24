// SPDX-License-Identifier: MIT
// Stands for torchcomms' header of this name: the part that an adapter uses, written from its interface.
#pragma once

#include <optional>
#include <string>
#include <utility>

namespace uniflow
{

enum class ErrCode { NotImplemented, DriverError, InvalidArgument, ResourceExhausted };

class Err
{
      public:
	explicit Err(ErrCode code, std::string message = "")
	    : code_(code), message_(std::move(message))
	{
	}
	ErrCode code() const
	{
		return code_;
	}
	const std::string &message() const
	{
		return message_;
	}

      private:
	ErrCode code_;
	std::string message_;
};

template <typename T> class Result
{
      public:
	Result(T value) : value_(std::move(value))
	{
	}
	Result(Err error) : error_(std::move(error))
	{
	}
	bool hasValue() const
	{
		return value_.has_value();
	}
	explicit operator bool() const
	{
		return hasValue();
	}
	const T &value() const
	{
		return *value_;
	}
	T &value()
	{
		return *value_;
	}
	const Err &error() const
	{
		return *error_;
	}

      private:
	std::optional<T> value_;
	std::optional<Err> error_;
};

template <> class Result<void>
{
      public:
	Result() = default;
	Result(Err error) : error_(std::move(error))
	{
	}
	bool hasValue() const
	{
		return !error_;
	}
	explicit operator bool() const
	{
		return hasValue();
	}
	const Err &error() const
	{
		return *error_;
	}

      private:
	std::optional<Err> error_;
};

using Status = Result<void>;

inline Status Ok()
{
	return Status();
}

} // namespace uniflow
